/** The container's health check: whether the server in it can do its work. Ends with 0 or 1, and says why. Needs no curl. */
import { get } from "node:http";

const TIMEOUT_MS = 4_000;
const request = get({ host: "127.0.0.1", port: Number(process.env["PORT"] ?? 8000), path: "/health/ready", timeout: TIMEOUT_MS }, (response) => {
  let text = "";
  response.setEncoding("utf8").on("data", (part) => {
    text += part;
  });
  response.on("end", () => {
    process.stdout.write(`${response.statusCode} ${text}\n`);
    process.exit(response.statusCode === 200 ? 0 : 1);
  });
});
request.on("timeout", () => request.destroy(new Error(`no answer within ${TIMEOUT_MS} ms`)));
request.on("error", (error) => {
  process.stdout.write(`${error.message}\n`);
  process.exit(1);
});
