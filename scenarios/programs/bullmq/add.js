// Adds a job.
import { Queue } from "bullmq";

const queue = new Queue("mail", { connection: { url: process.env.REDIS_URL } });
await queue.add("send", { number: 1 }, { removeOnComplete: true });
await queue.close();
