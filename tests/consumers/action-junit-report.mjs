#!/usr/bin/env node
// Reads a report with the parser of mikepenz/action-junit-report: action-junit-report.mjs REPO REPORT
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [repo, report] = process.argv.slice(2);
if (!report) throw new Error("usage: action-junit-report.mjs REPO REPORT");
const { parseFile } = await import(pathToFileURL(resolve(repo, "lib/testParser.js")));
const result = await parseFile(report);
const xml = readFileSync(report, "utf8");
console.log(`${result.totalCount} tests, ${result.skippedCount} skipped, ${result.failedCount} failed, ${result.passedCount} passed`);
let bad = 0;
const annotations = [];
const walk = (at) => {
  annotations.push(...(at.annotations ?? []));
  for (const inner of at.testResults ?? []) walk(inner);
};
walk(result);
const failures = annotations.filter((a) => a.status === "failure" || a.status === "error" || a.annotation_level === "failure");
for (const a of failures) console.log(`  ${a.path}:${a.start_line} | ${a.title} | ${String(a.message).split("\n", 1)[0]}`);
const places = [...xml.matchAll(/<testcase [^>]* file="([^"]*)" line="(\d+)"[^>]*>(?:(?!<\/testcase>)[\s\S])*?<(?:failure|error) /g)];
for (const [, file, line] of places)
  if (!failures.some((a) => a.path.endsWith(file) && a.start_line === Number(line))) {
    console.log(`  WRONG: no annotation at ${file}:${line}`);
    bad += 1;
  }
if (result.totalCount !== (xml.match(/<testcase /g)?.length ?? 0)) {
  console.log("  WRONG: not all cases were read");
  bad += 1;
}
process.exit(bad ? 1 : 0);
