#!/bin/sh
# A campaign as a Kubernetes Indexed Job, and the Job that merges it. Needs kubectl and envsubst.
#
#     IMAGE=... CLAIM=... CAMPAIGN=queue SHARDS=8 docs/scale/kubernetes.sh SCENARIO OPTIONS...
#
# The variables are explained in indexed-job.yaml and merge-job.yaml. After a failure:
# kubectl delete job CAMPAIGN-shards CAMPAIGN-merge, and the same command goes on.
set -eu
scale=$(cd "$(dirname "$0")" && pwd)
: "${IMAGE:?an image with afterkill}" "${CLAIM:?a PersistentVolumeClaim}" "${CAMPAIGN:?its name}"
SHARDS=${SHARDS:-4}
export IMAGE CLAIM CAMPAIGN SHARDS AT_ONCE="${AT_ONCE:-$SHARDS}" CPUS="${CPUS:-2}" GATE="${GATE:-}"
export OPTIONS="$*"

# filled FILE: with these variables and no others; a pod has its own.
filled() {
    # shellcheck disable=SC2016 # envsubst wants the names
    envsubst '${IMAGE} ${CLAIM} ${CAMPAIGN} ${SHARDS} ${AT_ONCE} ${CPUS} ${OPTIONS} ${GATE}' \
        <"$scale/$1"
}

# ended JOB: waits until it is complete (status 0) or has failed.
ended() {
    while :; do
        for condition in Complete Failed; do
            kubectl wait "job/$1" --for="condition=$condition" --timeout=5s >/dev/null 2>&1 || continue
            [ "$condition" = Complete ]
            return
        done
    done
}

filled indexed-job.yaml | kubectl apply -f -
if ! ended "$CAMPAIGN-shards"; then
    echo "kubernetes.sh: not every shard is whole, so nothing is merged; see" \
        "kubectl logs --prefix --selector=job-name=$CAMPAIGN-shards" >&2
    exit 4
fi
filled merge-job.yaml | kubectl apply -f -
status=0
ended "$CAMPAIGN-merge" || status=1
kubectl logs "job/$CAMPAIGN-merge"
exit "$status"
