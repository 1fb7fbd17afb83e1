#!/bin/sh
# docs/scale/slurm.sh and srun.sbatch on a real Slurm: a controller and one node, on loopback, with ports,
# state and logs of their own, and without systemd, munge or privileges. A job array of four shards, one
# of which is killed in the middle, and its dependent merge; then the same as one job with srun. What each
# merges is the run on one machine.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.sh"
PATH=$PATH:/usr/sbin:/sbin
slurm=$directory/slurm
controller='' node=''

stop() {
    [ -n "$1" ] || return 0
    kill "$1" 2>/dev/null || true
    wait_until 10 gone "$1" || kill -KILL "$1"
    wait "$1" 2>/dev/null || true
}
gone() {
    ! kill -0 "$1" 2>/dev/null || grep -q '^State:.Z' "/proc/$1/status"
}
no_jobs() {
    jobs=$(timeout 5 squeue --noheader) && [ -z "$jobs" ]
}
# What runs in jobs is no child of this shell. Slurm is asked to end it; if it cannot any more, what has
# this Slurm's configuration in its environment is ended.
cleanup() {
    if [ -n "$controller" ] && ! gone "$controller" && ! no_jobs; then
        timeout 5 scancel --user="$(id -un)" 2>/dev/null || true
        wait_until 10 no_jobs || true
    fi
    stop "$node"
    stop "$controller"
    for process in /proc/[0-9]*; do
        ! grep -qsxz "SLURM_CONF=$slurm/slurm.conf" "$process/environ" || kill -KILL "${process#/proc/}" || true
    done
    rm -rf "$directory"
}
trap cleanup EXIT
trap 'exit 1' INT TERM HUP
needs slurmctld slurmd sbatch srun sinfo squeue scancel scontrol perl

# Two ports that are free now.
free_ports() {
    perl -MIO::Socket::INET -e '
        my @s = map { IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1") } 1, 2;
        print join(" ", map { $_->sockport } @s), "\n"'
}

# configure CONTROLLER_PORT NODE_PORT. The node claims four CPUs, since srun starts four tasks at once.
configure() {
    mkdir -p "$slurm/state" "$slurm/spool"
    cat >"$slurm/slurm.conf" <<END
ClusterName=afterkill
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort=$1
SlurmdPort=$2
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
AuthType=auth/none
CredType=cred/none
StateSaveLocation=$slurm/state
SlurmdSpoolDir=$slurm/spool
SlurmctldPidFile=$slurm/slurmctld.pid
SlurmdPidFile=$slurm/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
KillWait=2
SchedulerType=sched/builtin
SchedulerParameters=sched_interval=1,batch_sched_delay=0
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
NodeName=localhost NodeAddr=127.0.0.1 CPUs=4 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP OverSubscribe=YES
END
}

is_ready() {
    timeout 5 scontrol ping | grep -q 'is UP' && timeout 5 sinfo --noheader --format=%T | grep -q idle
}
is_ready_or_dead() {
    gone "$controller" || gone "$node" || is_ready
}
# Starts both and waits until the node takes jobs. Somebody else may take a port in between: then they
# are started again.
start_slurm() {
    # shellcheck disable=SC2046 # two words
    configure $(free_ports)
    slurmctld -D >"$slurm/slurmctld.log" 2>&1 &
    controller=$!
    slurmd -D -N localhost >"$slurm/slurmd.log" 2>&1 &
    node=$!
    wait_until 120 is_ready_or_dead || true
    if gone "$controller"; then
        culprit=slurmctld
    elif gone "$node" || ! is_ready; then
        culprit=slurmd
    else
        return 0
    fi
    stop "$node"
    stop "$controller"
    controller='' node=''
    return 1
}

# What a Slurm around this test has said is not meant for the one in it.
# shellcheck disable=SC2046 # names are words
unset $(env | sed -n 's/^\(S\(LURM\|BATCH\)_[A-Z_]*\)=.*/\1/p')
export SLURM_CONF="$slurm/slurm.conf"
start_slurm || start_slurm ||
    skip "Slurm cannot be started here: $(tail -n 1 "$slurm/$culprit.log")"

# wrong WORDS...: what has been printed, then FAIL.
wrong() {
    tail -n 20 "$directory/out" "$directory/err" "$OUT"/logs/* "$directory"/*.log 2>/dev/null || true
    fail "$@"
}

whole_run
wrap_afterkill
cd "$directory"

# A job array and its merge. A task fails, so nothing is merged; the same command goes on with it.
export OUT="$directory/array" SHARDS=4 WAIT=yes
campaign_by_array() {
    status=0
    # shellcheck disable=SC2086 # words
    timeout --foreground 100 "$scale/slurm.sh" $campaign >"$directory/out" 2>"$directory/err" || status=$?
}
echo 3/4 >"$directory/victim"
campaign_by_array
[ "$status" = 4 ] || wrong "a task was killed: status $status, not 4"
expect_calls 'killed: .*/shards/3, status 137' 1
expect_calls 'first: run' 4
expect_calls ': merge' 0

campaign_by_array
[ "$status" = 0 ] || wrong "the array, gone on with: status $status, not 0"
expect_calls 'first: run' 4
expect_calls 'again: run .* --shard 3/4 ' 1
expect_calls ': merge' 1
expect_equal "$OUT/merged"

# In an array every task is number 0 of 1: afterkill must not take that for the shard.
status=0
timeout --foreground 100 sbatch --wait --array=1-2 --output="$directory/auto-%a.log" --wrap \
    "'$AFTERKILL' run $campaign --shard auto -o '$directory/auto'" >"$directory/out" 2>&1 || status=$?
[ "$status" = 2 ] || wrong "--shard auto in an array: status $status, not 2"

# One job, with srun: each task finds out which shard it is.
export OUT="$directory/srun" SCALE="$scale"
status=0
# shellcheck disable=SC2086 # words
timeout --foreground 100 sbatch --wait --ntasks=4 --ntasks-per-node=4 --output="$directory/srun.log" \
    "$scale/srun.sbatch" $campaign >"$directory/out" 2>&1 || status=$?
[ "$status" = 0 ] || wrong "srun: status $status, not 0"
expect_calls 'first: run .* --shard auto --resume .*/srun/shards/[1-4]$' 4
expect_equal "$OUT/merged"
