#!/usr/bin/env node
// Reads a report with the parsers of dorny/test-reporter: test-reporter.mjs REPO REPORT
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [repo, report] = process.argv.slice(2);
if (!report) throw new Error("usage: test-reporter.mjs REPO REPORT");
const xml = readFileSync(report, "utf8");
// The readers name only files that git tracks.
const trackedFiles = [...new Set([...xml.matchAll(/ file="([^"]*)"/g)].map((m) => m[1]))];
const options = { parseErrors: true, trackedFiles, workDir: "" };
const readers = [
  ["phpunit-junit", "PhpunitJunitParser"],
  ["jest-junit", "JestJunitParser"],
  ["java-junit", "JavaJunitParser"],
];
let bad = 0;
for (const [name, type] of readers) {
  const module = await import(pathToFileURL(resolve(repo, `lib/parsers/${name}/${name}-parser.js`)));
  const result = await new module[type](options).parse(report, xml);
  console.log(`${name}: ${result.tests} tests, ${result.passed} passed, ${result.failed} failed, ${result.skipped} skipped`);
  const cases = xml.match(/<testcase /g)?.length ?? 0;
  if (result.tests !== cases) {
    console.log(`  WRONG: the report has ${cases}`);
    bad += 1;
  }
  for (const suite of result.suites)
    for (const group of suite.groups)
      for (const test of group.tests)
        if (test.error) console.log(`  ${suite.name} · ${test.name}: ${test.error.path ?? "no file"}:${test.error.line ?? "?"}`);
  const placed = result.suites.flatMap((s) => s.groups.flatMap((g) => g.tests)).filter((t) => t.error?.path && t.error?.line);
  const failures = xml.match(/<testcase [^>]* file="[^"]*"[^>]*>(?:(?!<\/testcase>)[\s\S])*?<(?:failure|error) /g)?.length ?? 0;
  if (name === "phpunit-junit" && placed.length !== failures) {
    console.log(`  WRONG: ${placed.length} of ${failures} failures have file and line`);
    bad += 1;
  }
}
process.exit(bad ? 1 : 0);
