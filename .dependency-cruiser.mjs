// The house of docs/architecture.md. A room of core imports only from the rooms listed before it.
const floors = [
  ["base"],
  ["wire"],
  ["link", "auth"],
  ["edge"],
  ["mesh"],
  ["delivery"],
  ["streamer", "storage", "rmi", "discovery"],
];
const core = "^packages/core/src";
const tests = "\\.(test|test-d|fixture)\\.ts$";

const room = (names) => `${core}/(${names.join("|")})/`;

const floorRules = floors.flatMap((rooms, floor) =>
  rooms.map((name) => {
    const notBelow = floors
      .slice(floor)
      .flat()
      .filter((other) => other !== name);
    return {
      name: `${name}-imports-only-from-floors-below`,
      severity: "error",
      from: { path: room([name]), pathNot: tests },
      to: { path: [`${core}/[^/]+\\.ts$`, `${core}/testing/`, ...(notBelow.length > 0 ? [room(notBelow)] : [])] },
    };
  }),
);

export default {
  forbidden: [
    ...floorRules,
    {
      name: "every-room-has-a-floor",
      comment: "a new folder in core must be given a place in the table above",
      severity: "error",
      from: { path: `${core}/[^/]+/`, pathNot: [room(floors.flat()), `${core}/testing/`] },
      to: {},
    },
    {
      name: "rooms-by-their-door",
      comment: "another room is imported through its index.ts; base is common ground",
      severity: "error",
      from: { path: `${core}/([^/]+)(/|\\.ts$)`, pathNot: tests },
      to: { path: `${core}/[^/]+/`, pathNot: [`${core}/(base|$1)/`, `${core}/[^/]+/index\\.ts$`] },
    },
    {
      name: "core-knows-no-platform",
      severity: "error",
      from: { path: "^packages/(core|websocket|browser-transport)/src", pathNot: tests },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "core-depends-on-msgpack-alone",
      severity: "error",
      from: { path: core, pathNot: tests },
      to: { pathNot: [core, "/@msgpack/msgpack/"] },
    },
    {
      name: "websocket-imports-only-core",
      severity: "error",
      from: { path: "^packages/websocket/src", pathNot: tests },
      to: { pathNot: "^packages/(core|websocket)/src" },
    },
    {
      name: "transports-import-only-core-and-websocket",
      severity: "error",
      from: { path: "^packages/([^/]+-transport)/src", pathNot: tests },
      to: { path: "^(packages|gateway|demo|e2e|bench)/", pathNot: "^packages/(core|websocket|$1)/src" },
    },
    {
      name: "packages-know-no-application",
      severity: "error",
      from: { path: "^(packages|gateway)/", pathNot: tests },
      to: { path: "^(demo|e2e|bench|scripts)/" },
    },
    {
      name: "packages-by-their-names",
      comment: "what a package does not export is its own",
      severity: "error",
      from: { path: "^(packages/[^/]+|gateway|demo|e2e|bench)/" },
      to: { path: "^(packages/[^/]+|gateway)/src/", pathNot: ["^$1/", "/index\\.ts$"] },
    },
    {
      name: "production-code-imports-no-test-code",
      severity: "error",
      from: { path: "^(packages|gateway)/[^/]+/", pathNot: [tests, `${core}/testing/`] },
      to: { path: [tests, `${core}/testing/`] },
    },
    { name: "everything-resolves", severity: "error", from: {}, to: { couldNotResolve: true } },
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.base.json" },
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^(packages/[^/]+|gateway|demo|bench)/dist/" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["@chaski/source", "import", "node", "default"],
    },
  },
};
