import { createNode } from "@chaski/browser-transport";
import { render } from "preact";
import { MESH } from "../contract.ts";
import { App } from "./app.tsx";
import { createDashboard } from "./dashboard.ts";
import "@fontsource-variable/inter/wght.css";
import "uplot/dist/uPlot.min.css";
import "./styles/index.css";

/** So that several tabs can be told apart, and called by name. */
const name = `dashboard-${Math.random().toString(36).slice(2, 6)}`;

const node = await createNode({ name, mesh: MESH, join: [location.origin] });

render(<App {...createDashboard(node)} />, document.getElementById("app") as HTMLElement);
