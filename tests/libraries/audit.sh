#!/bin/sh
# What libraries of a language leave, as they are (scenarios/programs), audited by the rules that are built in:
# nothing is found while all is well, and what was left is when a program dies where it leaks.
#
#     audit.sh LANGUAGE AFTERKILL SCENARIOS
#
# Exit status 77, with the reason: what it needs is not installed; `tools/setup programs` does that.
set -eu
language=$1 afterkill=$2 programs=$3/programs relay=$(cd "$(dirname "$0")" && pwd)/relay.py
directory=$(mktemp -d)
socket=$directory/redis.sock
server=

finish() {
    [ -z "$server" ] || kill "$server" && wait
    rm -rf "$directory"
}
trap finish EXIT

skip() {
    echo "$1; see tools/setup programs"
    exit 77
}

fail() {
    echo "$1" >&2
    "$afterkill" audit -s "$socket" >&2
    exit 1
}

cli() {
    redis-cli -s "$socket" "$@" >/dev/null
}

# Runs a program in a folder of scenarios/programs: run FOLDER PROGRAM..; and kills it behind a command:
# cut FOLDER WORDS PROGRAM..
run() {
    (cd "$programs/$1" && shift && "$relay" "$socket" - "$@") || fail "'$*' has failed"
}
cut() {
    (cd "$programs/$1" && shift && "$relay" "$socket" "$@") || fail "'$*' was not killed"
}

healthy() {
    "$afterkill" audit -s "$socket" --fail >/dev/null || fail "$1: something was found, and all is well"
}
# left WHAT TEXT: the audit says the text.
left() {
    "$afterkill" audit -s "$socket" | tr -s ' \n' ' ' | grep -qF -e "$2" || fail "$1: not found: $2"
}

fresh() {
    cli flushall
}

bull_adds='import Queue from "bull"; const q = new Queue("mail", process.env.REDIS_URL);
    for (let i = 0; i < 3; i++) await q.add({ i }, { delay: i === 2 ? 3600000 : 0 }); await q.close();'
bull_works='import Queue from "bull"; const q = new Queue("mail", process.env.REDIS_URL); let left = 2;
    q.process(async () => {}); q.on("completed", async () => { if (--left === 0) await q.close(); });'
bullmq_finds='import { Queue } from "bullmq";
    const queue = new Queue("mail", { connection: { url: process.env.REDIS_URL } });
    const found = await queue.removeOrphanedJobs(); await queue.close(); process.exit(found === 1 ? 0 : 1);'
limits='import { Redis } from "ioredis"; import { RateLimiterRedis } from "rate-limiter-flexible";
    const redis = new Redis(process.env.REDIS_URL);
    await new RateLimiterRedis({ storeClient: redis, points: 5, duration: 60 }).consume("203.0.113.7");
    await redis.quit();'
rq_adds='import os, redis, jobs, rq
with redis.from_url(os.environ["REDIS_URL"]) as server: rq.Queue("mail", connection=server).enqueue(jobs.send, 1)'
rq_schedules='import os, redis, jobs, rq, datetime
with redis.from_url(os.environ["REDIS_URL"]) as server:
    rq.Queue("mail", connection=server).enqueue_in(datetime.timedelta(1), jobs.send, 1)'

start() {
    redis-server --port 0 --unixsocket "$socket" --save '' --dir "$directory" --logfile /dev/null &
    server=$!
    until cli ping 2>/dev/null; do
        kill -0 "$server" 2>/dev/null || fail 'the redis-server does not start'
    done
}

case $language in
python)
    /usr/bin/python3 -c 'import redis, rq' 2>/dev/null || skip 'python3-redis and python3-rq are not installed'
    start
    run rq /usr/bin/python3 -c "$rq_adds"
    run rq /usr/bin/python3 -c "$rq_schedules"
    healthy 'RQ, a job waits and one is scheduled'
    run rq /usr/bin/python3 work.py
    healthy 'RQ, a job is done'
    fresh
    run rq /usr/bin/python3 -c "$rq_adds"
    cut rq 'lpop rq:queue:mail' /usr/bin/python3 work.py
    left 'RQ, killed with a job in its hands' 'rq:job:*, db 0: 1 of 1 keys are in none of rq:queue:*, rq:wip:*,'
    fresh
    cut rq 'zadd rq:scheduled:mail' /usr/bin/python3 -c "$rq_schedules"
    left 'RQ, killed while it schedules' 'rq:scheduled:mail, db 0: 1 of 1 members have no key rq:job:*,'
    ;;
ruby)
    ruby -e 'require "sidekiq"' 2>/dev/null || skip 'ruby-sidekiq is not installed'
    start
    run sidekiq ruby enqueue.rb
    run sidekiq ruby heartbeat.rb
    healthy 'Sidekiq, a process that said a moment ago that it lives'
    for key in $(redis-cli -s "$socket" --scan --pattern '*:*:*'); do # a minute later
        cli pexpire "$key" 1
    done
    left 'Sidekiq, its process is dead' 'processes, db 0: 1 of 1 members have no key of their name,'
    run sidekiq ruby busy.rb
    healthy 'Sidekiq, somebody looked at the Busy page'
    ;;
node)
    command -v node >/dev/null || skip 'node is not installed'
    for folder in bee-queue bull bullmq node-resque rate-limiter-flexible; do
        [ -d "$programs/$folder/node_modules" ] || skip "the packages of scenarios/programs/$folder are not installed"
    done
    start
    run bullmq node add.js
    healthy 'BullMQ, a job waits'
    cut bullmq 'incr done:1' node work.js
    healthy 'BullMQ, killed with a job, which is taken up again'
    cli lrem bull:mail:active 0 1
    left 'BullMQ, a job was taken out of its list' 'bull:mail:*, db 0: 1 of 1 keys are in none of bull:*:wait,'
    run bullmq node --input-type=module -e "$bullmq_finds" # which says the same
    healthy 'BullMQ, cleaned up'
    fresh
    run bull node --input-type=module -e "$bull_adds"
    healthy 'Bull, two jobs wait, and one is delayed'
    run bull node --input-type=module -e "$bull_works"
    run bull node restart.js
    healthy 'Bull, two jobs are done, and one is repeated'
    cli zrem bull:mail:completed 1
    left 'Bull, a job was taken out of its set' 'bull:mail:*, db 0: 1 of 3 keys are in none of bull:*:wait,'
    fresh
    run bee-queue node add.js
    run bee-queue node add.js
    healthy 'bee-queue, two jobs wait'
    cut bee-queue 'incr done:1' node work.js
    healthy 'bee-queue, killed with a job'
    cli lrem bq:mail:active 0 1
    left 'bee-queue, a job was taken out of its list' 'bq:mail:jobs, db 0: 1 of 2 members are in none of bq:*:waiting,'
    fresh
    run node-resque node enqueue.js
    healthy 'node-resque, a job waits'
    run node-resque node work.js
    healthy 'node-resque, a job is done'
    cut node-resque 'sadd resque:workers' node work.js
    left 'node-resque, killed while it starts' 'resque:workers, db 0: 1 of 1 members have no key resque:worker:*:started,'
    fresh
    run rate-limiter-flexible node --input-type=module -e "$limits"
    healthy 'rate-limiter-flexible'
    cli persist rlflx:203.0.113.7
    cli set rlflx:203.0.113.8 1 ex 60
    left 'rate-limiter-flexible, a limit for ever' 'These are keys of rate-limiter-flexible, and should expire.'
    ;;
esac
