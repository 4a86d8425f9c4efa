import type { MeshNode } from "@chaski/core";
import type { Page } from "../../contract.ts";
import type { Notices } from "../notices/notices.ts";
import { scheme } from "../shell/theme.ts";

const MAX_NOTICE_CHARACTERS = 500;

/** Let any node of the mesh call this page. */
export function exposePage(node: MeshNode, notices: Notices): void {
  const page: Page = {
    showNotice(text) {
      if (typeof text !== "string" || text.length < 1 || text.length > MAX_NOTICE_CHARACTERS) {
        throw new RangeError(`text must have 1 to ${MAX_NOTICE_CHARACTERS} characters`);
      }
      notices.add(text, "shown by a call from the mesh");
      return `${node.name} shows it, thank you`;
    },
    describe: () => ({
      name: node.name,
      title: document.title,
      viewport: `${window.innerWidth} × ${window.innerHeight}`,
      language: navigator.language,
      colourScheme: scheme.value,
    }),
  };
  node.expose("page", page);
}
