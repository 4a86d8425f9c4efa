/** A folder's files over HTTP. */
import type { IncomingMessage, ServerResponse } from "node:http";
import sirv from "sirv";

type Handler = (request: IncomingMessage, response: ServerResponse, notFound: () => void) => void;

/**
 * Named by its content, as bundlers do (`assets/index-B3xk90Lq.js`): whatever is under that name never changes. Digits
 * and letters of both cases are asked for, so that no `report-20250131.pdf` is taken for one; a hash that has
 * not all three costs one question more.
 */
const HASHED = /\/assets\/(?:[^/]*[-.])?(?=\w*\d)(?=\w*[a-z])(?=\w*[A-Z])\w{8}\.[\w.]+$/;
const YEAR_SECONDS = 31_536_000;

/** One range, as browsers and curl send it. */
const RANGE = /^bytes=(\d+)-(\d*)$/;

/**
 * Serve `folder` as it is at the time of each request, so that it may be built anew meanwhile. Files whose name holds a
 * hash may be kept for a year; everything else is asked for again and answered 304 while it has not changed. Names
 * that begin with a dot do not exist, except `.well-known`.
 */
export function staticFiles(folder: string): Handler {
  const serve = sirv(folder, {
    dev: true,
    etag: true,
    setHeaders: (response, pathname) => {
      response.setHeader("X-Content-Type-Options", "nosniff");
      if (HASHED.test(pathname)) response.setHeader("Cache-Control", `public,max-age=${YEAR_SECONDS},immutable`);
    },
  });
  return (request, response, notFound) => {
    if (hasHiddenPart(request.url ?? "/")) {
      notFound();
      return;
    }
    // sirv hands any range to the file system, which throws at one that ends before it begins; a range may be ignored.
    const [, from, to] = RANGE.exec(request.headers.range ?? "") ?? [];
    if (from === undefined || (to && Number(to) < Number(from))) delete request.headers.range;
    // sirv listens to no error of the file it reads: unreadable, or gone a moment ago.
    response.once("pipe", (file) => file.once("error", (error: Error) => response.destroy(error)));
    serve(request, response, notFound);
  };
}

/** Decoded in the way sirv does. */
function hasHiddenPart(url: string): boolean {
  const [pathname = ""] = url.split(/[?#]/, 1);
  let decoded = pathname;
  try {
    decoded = decodeURI(pathname);
  } catch {
    // sirv then looks for the name as it is, and so do we.
  }
  return decoded.split(/[/\\]/).some((part) => part.startsWith(".") && part !== ".well-known");
}
