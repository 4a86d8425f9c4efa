import { CallsCard } from "./calls/calls-card.tsx";
import type { Dashboard } from "./dashboard.ts";
import { InspectorCard } from "./inspector/inspector-card.tsx";
import { MeshCard } from "./mesh/mesh-card.tsx";
import { CoresCard, CpuCard } from "./metrics/cpu-cards.tsx";
import { MachineStrip } from "./metrics/machine-strip.tsx";
import { ProcessCard } from "./metrics/process-table.tsx";
import { SamplingControl } from "./metrics/sampling-control.tsx";
import { LoadCard, MemoryCard, NetworkCard } from "./metrics/small-cards.tsx";
import { NoticeList } from "./notices/notice-list.tsx";
import { Header } from "./shell/header.tsx";

export function App({ node, connection, notices, metrics, details, mesh, inspector, caller }: Dashboard) {
  return (
    <>
      <a class="skip" href="#main">
        Skip to the dashboard
      </a>
      <Header connection={connection} />
      <main id="main" class="main" tabIndex={-1}>
        <div class="intro">
          <MachineStrip details={details} />
          <SamplingControl node={node} cpu={metrics.cpu} notices={notices} />
        </div>
        <div class="grid">
          <CpuCard cpu={metrics.cpu} />
          <CoresCard cpu={metrics.cpu} />
          <MemoryCard memory={metrics.memory} />
          <LoadCard load={metrics.load} />
          <NetworkCard network={metrics.network} />
          <ProcessCard processes={metrics.processes} />
          <MeshCard node={node} mesh={mesh} />
          <InspectorCard inspector={inspector} />
          <CallsCard node={node} caller={caller} mesh={mesh} />
        </div>
      </main>
      <footer class="footer quiet small">
        This tab is a node of the mesh: it subscribes, calls and is called like any process.
      </footer>
      <NoticeList notices={notices} />
    </>
  );
}
