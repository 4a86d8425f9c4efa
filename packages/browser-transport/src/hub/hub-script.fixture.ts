/** The script of the SharedWorker of the browser tests. */
import { serveTabs } from "./index.ts";

serveTabs();
