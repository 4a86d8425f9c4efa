import { timeOfDay } from "../format.ts";
import type { Entry } from "./topic-log.ts";

/** The newest messages of one topic, as they were published. */
export function EntryList({ entries }: { readonly entries: readonly Entry[] }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section class="entries scroll" tabIndex={0} aria-label="Newest messages">
      {entries.map(({ seq, origin, publishedAt, text }, place) => (
        // By place, not by message: the texts change and nothing moves under the eyes of the reader.
        <article key={place} data-testid="inspector-entry" data-seq={seq}>
          <p class="small quiet">
            #{seq} from {origin} at {timeOfDay(publishedAt)}
          </p>
          <pre class="mono">{text}</pre>
        </article>
      ))}
    </section>
  );
}
