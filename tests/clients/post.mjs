// Sends the jobs of a JSON file with Node's own fetch or undici's, unmodified, through undici's
// EnvHttpProxyAgent; prints what came back as JSON.
//
// usage: node post.mjs fetch|undici JOBS     (CLIENTS names the folder with node_modules)
// A job is {"url", "headers": {name: value}, "file": path or null}. Proxy and CA come from the environment.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const undici = createRequire(`${process.env.CLIENTS}/`)("undici");
const [client, path] = process.argv.slice(2);
undici.setGlobalDispatcher(new undici.EnvHttpProxyAgent());
const post = client === "undici" ? undici.fetch : fetch;

const answers = [];
for (const job of JSON.parse(readFileSync(path, "utf8"))) {
  const body = job.file === null ? undefined : readFileSync(job.file);
  const answer = await post(job.url, { method: "POST", headers: job.headers, body });
  answers.push({ status: answer.status, body: await answer.text() });
}
console.log(JSON.stringify(answers));
