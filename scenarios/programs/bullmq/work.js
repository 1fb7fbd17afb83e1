// A worker that does what waits, and ends when it finds nothing more. What a job does is a counter of its own.
import { once } from "node:events";
import { Worker } from "bullmq";
import { Redis } from "ioredis";

const redis = new Redis(process.env.REDIS_URL);
const send = (job) => redis.incr(`done:${job.data.number}`);
const worker = new Worker("mail", send, { connection: { url: process.env.REDIS_URL }, drainDelay: 1 });
await once(worker, "drained");
await worker.close();
await redis.quit();
