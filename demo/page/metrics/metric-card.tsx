import type { ComponentChildren } from "preact";
import { duration } from "../format.ts";
import type { Feed } from "./feed.ts";

interface MetricCardProps {
  readonly id: string;
  readonly title: string;
  readonly feed: Pick<Feed<"machine/cpu">, "staleForMs">;
  readonly class?: string;
  readonly children: ComponentChildren;
}

/** A titled card that says when what it shows has become old. */
export function MetricCard({ id, title, feed, class: className = "", children }: MetricCardProps) {
  return (
    <section class={`card ${className}`} aria-labelledby={`${id}-title`}>
      <div class="card-head">
        <h3 id={`${id}-title`}>{title}</h3>
        <Freshness id={id} feed={feed} />
      </div>
      {children}
    </section>
  );
}

function Freshness({ id, feed }: Pick<MetricCardProps, "id" | "feed">) {
  const staleMs = feed.staleForMs();
  return (
    <span class="freshness small" data-testid={`freshness-${id}`} data-stale={staleMs !== undefined}>
      {staleMs === undefined ? "live" : `${duration(staleMs)} old`}
    </span>
  );
}

interface ReadingProps {
  readonly id: string;
  /** The exact number and its time, for programs that look at the page. */
  readonly value: number | undefined;
  readonly sampledAt: number | undefined;
  readonly format: (value: number) => string;
  /** Before the number, such as "in". */
  readonly label?: string;
}

/** The current value of one metric. It has a steady width, so that nothing moves when it changes. */
export function Reading({ id, value, sampledAt, format, label }: ReadingProps) {
  return (
    <p class={`reading reading-${id}`}>
      {label && <span class="reading-label">{label}</span>}
      <span id={`${id}-value`} data-testid={`metric-${id}`} data-value={value} data-sampled-at={sampledAt}>
        {value === undefined ? "–" : format(value)}
      </span>
    </p>
  );
}
