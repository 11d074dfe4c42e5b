import { describe, expect, it } from "vitest";
import { readCliEnvironment } from "./environment.ts";

describe("the environment of the command", () => {
  it("leads to the server with the settings of the server, unless it is told otherwise", () => {
    expect(readCliEnvironment({ HOST: "10.0.0.5", PORT: "9000", DATA_DIR: "/srv/rag", ADMIN_PASSWORD: "", HOME: "/home/eve" })).toEqual({
      address: undefined,
      localAddress: "http://10.0.0.5:9000",
      apiKey: undefined,
      username: "admin",
      password: undefined,
      dataDir: "/srv/rag",
      isDataDirNamed: true,
      profilesFile: "/home/eve/.config/rag/config.json",
    });
    expect(
      readCliEnvironment({
        RAG_URL: "https://rag.example.org",
        RAG_USER: "eve",
        RAG_PASSWORD: "hers",
        ADMIN_PASSWORD: "the server's",
        RAG_API_KEY: "key",
        XDG_CONFIG_HOME: "/etc/eve",
      }),
    ).toMatchObject({
      address: "https://rag.example.org",
      username: "eve",
      password: "hers",
      apiKey: "key",
      isDataDirNamed: false,
      profilesFile: "/etc/eve/rag/config.json",
    });
    expect(readCliEnvironment({ ADMIN_PASSWORD: "the server's" })).toMatchObject({
      localAddress: "http://127.0.0.1:8000",
      password: "the server's",
    });
  });
});
