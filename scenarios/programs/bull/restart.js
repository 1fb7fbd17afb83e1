// A program that starts again, and says so only if it is not listed.
import Queue from "bull";

const queue = new Queue("reports", process.env.REDIS_URL);
const listed = await queue.getRepeatableJobs();
if (listed.length === 0) {
  await queue.add({ report: "yearly" }, { repeat: { cron: "0 6 1 1 *" } });
}
await queue.close();
