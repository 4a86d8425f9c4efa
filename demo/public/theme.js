// Runs before the first paint, so that a chosen colour scheme does not flash. See page/shell/theme.ts.
try {
  const theme = localStorage.getItem("chaski-theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Storage may be forbidden; the system's scheme is used.
}
