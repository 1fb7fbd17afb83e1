// What workers do every half a minute, done every tenth of a second for a second: jobs in `active` without a
// lock are noted as stalled by one check, and go back to `wait` by the next.
import { setTimeout } from "node:timers/promises";
import { Worker } from "bullmq";

const worker = new Worker("mail", null, {
  connection: { url: process.env.REDIS_URL }, autorun: false, stalledInterval: 100,
});
worker.on("error", (error) => { throw error; });
await worker.startStalledCheckTimer();
await setTimeout(1000);
await worker.close();
