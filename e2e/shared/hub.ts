import { serveTabs } from "@chaski/browser-transport/hub";

serveTabs();
