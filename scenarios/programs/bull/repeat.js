// Says that a report is due on every New Year's Day.
import Queue from "bull";

const queue = new Queue("reports", process.env.REDIS_URL);
await queue.add({ report: "yearly" }, { repeat: { cron: "0 6 1 1 *" } });
await queue.close();
