/**
 * Everything that must hold before a change lands: each check and every test, with one verdict at the end.
 *
 * Usage: npm test
 */
import { spawnSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";

const ROOT = resolve(import.meta.dirname, "..");
const TEST_REPORT = join(ROOT, "coverage", "tests.json");

/** Scripts of package.json, the quickest to tell first. */
const CHECKS = ["check:lint", "check:types", "check:boundaries", "check:unused", "check:package"];

/** @param {string} script */
function passes(script) {
  process.stdout.write(`\n── ${script}\n`);
  const { status } = spawnSync("npm", ["run", "--silent", script], { cwd: ROOT, stdio: ["ignore", "inherit", "inherit"] });
  process.stdout.write(`── ${script}: ${status === 0 ? "passed" : "FAILED"}\n`);
  return status === 0;
}

let passed = 0;
let failed = 0;
for (const script of CHECKS) {
  if (passes(script)) passed += 1;
  else failed += 1;
}

rmSync(TEST_REPORT, { force: true });
const testsPassed = passes("test:tests");
try {
  const report = JSON.parse(readFileSync(TEST_REPORT, "utf8"));
  passed += report.numPassedTests;
  // A file that cannot even be loaded has no test to count, and a skipped test is one that did not pass.
  failed += Math.max(report.numTotalTests - report.numPassedTests, report.numFailedTestSuites > 0 ? 1 : 0);
  if (!testsPassed && failed === 0) failed = 1;
} catch (error) {
  process.stdout.write(`The test report cannot be read: ${error instanceof Error ? error.message : String(error)}\n`);
  failed += 1;
}

// After the tests and not among them: it times what a server does, and wants the machine for itself.
if (passes("test:faults:short")) passed += 1;
else failed += 1;

process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
process.exit(failed === 0 ? 0 : 1);
