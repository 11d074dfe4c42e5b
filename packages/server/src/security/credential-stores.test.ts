/** The stores in memory, on which the tests beside this one rest, keep the same contracts as those in PostgreSQL. */
import { createMemoryApiKeyStore, createMemoryUserStore } from "../../test-support/memory-credentials.ts";
import { apiKeyStoreContract } from "../adapters/postgres/api-key-store.contract.ts";
import { userStoreContract } from "../adapters/postgres/user-store.contract.ts";

userStoreContract("memory", createMemoryUserStore);
apiKeyStoreContract("memory", createMemoryApiKeyStore);
