/** Which pages may open a WebSocket here. Pure. */

/**
 * A page may when it comes from this very host or is listed. Whoever sends no Origin is no page: a browser always
 * sends it and lets no script change it. The port counts; the scheme only where it is known, since a proxy in front
 * may have taken the TLS off.
 *
 * @param request The values of its Origin and Host headers.
 * @param secure Whether the request came over TLS; undefined when a proxy may have.
 * @param allowed Origins as browsers write them, `https://lab.example:8443`; `*` stands for all.
 */
export function isOriginAllowed(
  request: { readonly origin: string | undefined; readonly host: string | undefined },
  secure: true | undefined,
  allowed: readonly string[],
): boolean {
  const { origin, host } = request;
  if (origin === undefined || allowed.includes("*") || allowed.includes(origin)) return true;
  const page = URL.canParse(origin) ? new URL(origin) : undefined;
  if (!page || page.host === "" || (secure && page.protocol !== "https:")) return false;
  if (host === undefined || !/^[\w.:[\]-]+$/.test(host)) return false;
  const here = `${page.protocol}//${host}`;
  // Through URL, so that case and default ports do not matter.
  return URL.canParse(here) && new URL(here).host === page.host;
}

/** As browsers write it in the Origin header: scheme, host, and the port unless it is the default; or `null`. */
export function isOrigin(value: string): boolean {
  return value === "null" || (URL.canParse(value) && new URL(value).origin === value);
}
