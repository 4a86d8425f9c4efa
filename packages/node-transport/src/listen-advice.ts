/** What to do about an address that a server of Node's could not listen on, for the message of `listen-failed`. */
export function listenAdvice({ code, message }: NodeJS.ErrnoException): string {
  switch (code) {
    case "EADDRINUSE":
      return "the port is in use; end what uses it, or choose another port (0 takes any free one)";
    case "EACCES":
      return "this user may not use the port; choose one from 1024 on (0 takes any free one)";
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return "this machine has no such address; 127.0.0.1 serves this machine alone, 0.0.0.0 every network it is in";
    default:
      return message;
  }
}
