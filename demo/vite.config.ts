import { defaultClientConditions, defineConfig } from "vite";

export default defineConfig({
  resolve: { conditions: ["@chaski/source", ...defaultClientConditions] },
  build: { outDir: "dist", emptyOutDir: true },
});
