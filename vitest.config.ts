import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["{libraries,control-plane,partition,machine,clients,lab,tools,bench}/**/*.test.ts"],
    exclude: ["**/node_modules/**", "**/.cache/**"],
    pool: "threads",
    isolate: false,
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 60_000,
  },
});
