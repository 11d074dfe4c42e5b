/** What the scene keeps in memory must do what the real stores do. */
import { embeddingStoreContract } from "../src/vectors/embedding-store.contract.ts";
import { generationStoreContract } from "../src/vectors/generation-store.contract.ts";
import { createMemoryEmbeddingStore, createMemoryGenerationStore } from "./vector-scene.ts";

generationStoreContract("memory", createMemoryGenerationStore);
embeddingStoreContract("memory", createMemoryEmbeddingStore);
