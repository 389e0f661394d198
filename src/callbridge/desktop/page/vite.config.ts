import { defineConfig } from "vitest/config";

// `npm run dev` serves the sources and sends everything else to a running gateway.
const gateway = process.env.GATEWAY ?? "http://127.0.0.1:8180";

export default defineConfig({
  base: "/",
  build: {
    outDir: "../dist",
    emptyOutDir: true,
    target: "es2022",
    // One bundle: no inline script, nothing in data: URLs, so that the page's policy can be strict.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
  },
  server: {
    proxy: {
      "/v1/ws": { target: gateway.replace(/^http/, "ws"), ws: true, rewriteWsOrigin: true },
      "/v1": { target: gateway, changeOrigin: true },
    },
  },
  test: {
    environment: "happy-dom",
    include: ["src/**/*.test.{ts,tsx}"],
    restoreMocks: true,
    css: { modules: { classNameStrategy: "non-scoped" } },
  },
});
