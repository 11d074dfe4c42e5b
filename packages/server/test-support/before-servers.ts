/** Runs once before the tests that start servers. */
import { makeEmptyDatabase } from "./empty-database.ts";

export const setup = makeEmptyDatabase;
