/** `/health` and `/metrics`: for people, orchestrators and Prometheus. */
import type { Hono } from "hono";
import { authorise, isAllowed } from "../policy.ts";
import type { AppServices } from "../services.ts";
import type { RestEnvironment } from "./environment.ts";

const LOOPBACK = new Set(["127.0.0.1", "::1", "::ffff:127.0.0.1"]);

export function mountHealth(app: Hono<RestEnvironment>, services: AppServices): void {
  app.get("/health", (c) => c.json({ status: services.health.isReady ? "healthy" : "starting" }));
  app.get("/health/live", (c) => c.json({ status: "alive" }));
  app.get("/health/ready", (c) => {
    services.health.requireReady();
    return c.json({ status: "ready" });
  });
  app.get("/health/detailed", async (c) => {
    const report = await services.health.report();
    const healthy = Object.values(report).every((component) => component.status === "healthy");
    const status = !services.health.isReady ? "starting" : healthy ? "healthy" : "degraded";
    // Strangers get status words alone: adapters, times and messages are for those with a credential.
    const components = isAllowed("health.details", c.get("principal"))
      ? report
      : Object.fromEntries(Object.entries(report).map(([name, component]) => [name, { status: component.status }]));
    return c.json({ status, components });
  });
  app.get("/metrics", async (c) => {
    await authorise("metrics.read", c.get("principal"), { isLocal: LOOPBACK.has(c.env.incoming?.socket.remoteAddress ?? "") });
    const { contentType, body } = await services.metrics.render();
    return c.body(body, 200, { "content-type": contentType });
  });
}
