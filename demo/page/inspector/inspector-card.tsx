import { perSecond } from "../format.ts";
import { now } from "../live/heartbeat.ts";
import { EntryList } from "./entry-list.tsx";
import type { Inspector } from "./inspector.ts";
import type { TopicLog } from "./topic-log.ts";

type InspectorProps = { readonly inspector: Inspector };

export function InspectorCard({ inspector }: InspectorProps) {
  return (
    <section class="card span-7" aria-labelledby="inspector-title" data-testid="inspector">
      <div class="card-head">
        <h3 id="inspector-title">Messages</h3>
        <Missed inspector={inspector} />
        <PauseButton inspector={inspector} />
      </div>
      <FilterForm inspector={inspector} />
      <TopicTable inspector={inspector} />
    </section>
  );
}

/** A node never loses silently, so this can be shown. */
function Missed({ inspector }: InspectorProps) {
  return (
    <span class="small quiet push" data-testid="inspector-missed">
      {inspector.missed.value.toLocaleString("en")} missed
    </span>
  );
}

function PauseButton({ inspector }: InspectorProps) {
  const { paused } = inspector;
  return (
    <button
      type="button"
      class="button button-small"
      aria-pressed={paused.value}
      data-testid="inspector-pause"
      onClick={() => {
        paused.value = !paused.value;
      }}
    >
      Pause
    </button>
  );
}

function FilterForm({ inspector }: InspectorProps) {
  const problem = inspector.problem.value;
  return (
    <form
      class="field-row"
      onSubmit={(event) => {
        event.preventDefault();
        inspector.filter(String(new FormData(event.currentTarget).get("pattern")));
      }}
    >
      <div class="field grow">
        <label for="inspector-pattern">Topics matching</label>
        <input
          id="inspector-pattern"
          name="pattern"
          class="mono"
          data-testid="inspector-filter"
          defaultValue={inspector.pattern.peek()}
          autocomplete="off"
          spellcheck={false}
          aria-invalid={problem !== undefined}
          aria-describedby="inspector-hint"
        />
      </div>
      <button type="submit" class="button">
        Filter
      </button>
      <p id="inspector-hint" class={`hint ${problem ? "problem" : ""}`} data-testid="inspector-hint">
        {problem ?? "* is one segment, ** any number. Only what matches is asked for."}
      </p>
    </form>
  );
}

function TopicTable({ inspector }: InspectorProps) {
  const topics = [...inspector.topics.value];
  return (
    <div class="scroll topics">
      <table>
        <thead>
          <tr>
            <th scope="col">Topic</th>
            <th scope="col" class="number">
              Rate
            </th>
            <th scope="col" class="number">
              Count
            </th>
          </tr>
        </thead>
        {topics.map(([topic, log]) => (
          <TopicRows key={topic} topic={topic} log={log} count={log.count} inspector={inspector} />
        ))}
      </table>
      {topics.length === 0 && <p class="quiet empty">No message has matched yet.</p>}
    </div>
  );
}

interface TopicRowsProps extends InspectorProps {
  readonly topic: string;
  readonly log: TopicLog;
  readonly count: number;
}

/** A topic and, when it is open, its newest messages under it. */
function TopicRows({ topic, log, count, inspector }: TopicRowsProps) {
  const { openTopic } = inspector;
  const open = openTopic.value === topic;
  return (
    <tbody>
      <tr data-testid="inspector-row" data-topic={topic}>
        <th scope="row" class="clip">
          <button
            type="button"
            class="disclosure mono"
            aria-expanded={open}
            onClick={() => {
              openTopic.value = open ? undefined : topic;
            }}
          >
            {topic}
          </button>
        </th>
        <td class="number">
          <Rate log={log} inspector={inspector} />
        </td>
        <td class="number quiet" data-testid="inspector-count">
          {count.toLocaleString("en")}
        </td>
      </tr>
      {open && (
        <tr>
          <td colSpan={3} class="opened">
            <EntryList entries={log.entries} />
          </td>
        </tr>
      )}
    </tbody>
  );
}

function Rate({ log, inspector }: InspectorProps & { readonly log: TopicLog }) {
  const rate = inspector.paused.value ? undefined : log.rate.perSecond(Math.max(now.value, Date.now()));
  return (
    <span data-testid="inspector-rate" data-value={rate}>
      {rate === undefined ? "paused" : perSecond(rate)}
    </span>
  );
}
