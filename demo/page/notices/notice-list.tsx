import { timeOfDay } from "../format.ts";
import type { Notices } from "./notices.ts";

/** Always present, so that screen readers announce what is added to it. */
export function NoticeList({ notices }: { notices: Notices }) {
  const hold = (): void => {
    notices.held.value = true;
  };
  const release = (): void => {
    notices.held.value = false;
  };
  return (
    <div
      class="notices"
      role="status"
      aria-live="polite"
      aria-relevant="additions"
      onPointerEnter={hold}
      onPointerLeave={release}
      onFocusIn={hold}
      onFocusOut={release}
    >
      {notices.shown.value.map((notice) => (
        <div key={notice.id} class="notice" data-testid="notice">
          <div>
            <p class="notice-text" data-testid="notice-text">
              {notice.text}
            </p>
            <p class="quiet small">
              {notice.why} at {timeOfDay(notice.at)}
            </p>
          </div>
          <button
            type="button"
            class="icon-button"
            aria-label="Dismiss this notice"
            onClick={() => notices.dismiss(notice.id)}
          >
            <svg viewBox="0 0 16 16" aria-hidden="true">
              <path d="M4 4l8 8M12 4l-8 8" />
            </svg>
          </button>
        </div>
      ))}
    </div>
  );
}
