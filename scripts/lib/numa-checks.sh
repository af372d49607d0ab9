# Sourced by scripts/test-numa: what must be true of a machine's results. Page size is x86's 4 KiB throughout.

checks=0
failures=0

# check SENTENCE COMMAND…: counts, and prints the sentence.
check() {
    local sentence=$1
    shift
    checks=$((checks + 1))
    if "$@"; then
        printf '  ok    %s\n' "$sentence"
    else
        failures=$((failures + 1))
        printf '  FAIL  %s\n' "$sentence"
    fi
}

# Lines of `parterre generate` in an order that does not depend on which request ended first.
normalised() { jq -cS '{id, index, text, token_ids, finish_reason, logprobs}' "$1" | sort; }

# same FILE FILE: the same answers, bit by bit; and there are some.
same() { [ -s "$1" ] && [ -s "$2" ] && diff <(normalised "$1") <(normalised "$2") >&2; }

# some_of FILE FILE: the first file has lines, and the second has each of them, bit by bit.
some_of() { [ -s "$1" ] && [ -z "$(comm -23 <(normalised "$1") <(normalised "$2"))" ]; }

# The instruction sets that agree here: AMX adds bf16, and the bundled model is bf16, in an order of its own.
sets_here() { jq -r '.machine.instruction_sets[] | select(. != "amx")' "$results/here/topology.out"; }

# run_here BINARY: this machine's own answers, by every instruction set that it offers.
run_here() {
    local binary=$1 out=$results/here set format
    mkdir -p "$out"
    "$binary" topology --json "${engine_options[@]}" >"$out/topology.out" </dev/null
    best=$(sets_here | head -n 1)
    for set in $(sets_here); do
        PARTERRE_ISA=$set "$binary" generate --input "$root/scripts/lib/numa-prompts.jsonl" \
            "${engine_options[@]}" >"$out/generate-$set.out" </dev/null
        PARTERRE_ISA=$set "$binary" logits --input "$root/scripts/lib/numa-prompts.jsonl" --mode batched \
            --output "$out/logits.safetensors" "${engine_options[@]}" >/dev/null </dev/null
        sha256sum <"$out/logits.safetensors" >"$out/logits-$set.sum"
    done
    # The texts of the busy runs, with room for all and nothing shared.
    for format in f32 int8; do
        cat "$root"/scripts/lib/numa-{shared,urgent}.jsonl \
            | PARTERRE_ISA=$best "$binary" generate --input - --kv-cache "$format" --no-prefix-cache "${engine_options[@]}" >"$out/busy-$format.out"
    done
    say "this machine runs $(jq -r '.machine.instruction_sets | join(", ")' "$out/topology.out")"
}

# "0-1,3" → "0,1,3"
expand_cpus() {
    tr ',' '\n' <<<"$1" | awk -F- '{ for (i = $1; i <= $NF; i++) print i }' | paste -sd ,
}

# "NODE CPUS" lines of a machine as QEMU was told, as its kernel says, and as parterre says.
nodes_told() {
    local node=0 cpus
    while read -r cpus _; do
        echo "$node $(expand_cpus "$cpus")"
        node=$((node + 1))
    done < <(machine_nodes "$1")
}
nodes_of_kernel() {
    local file
    for file in "$1"/kernel/node*.cpus; do
        echo "$(basename "$file" .cpus | tr -d a-z) $(expand_cpus "$(cat "$file")")"
    done | sort -n
}
# As parterre should see them: the CPUs of a node without memory belong to the nearest node that has some, and these
# machines have one such node at most.
homes_told() {
    local node=0 cpus memory orphans='' lines=()
    while read -r cpus memory; do
        if [ "$memory" = 0M ]; then orphans=,$cpus; else lines+=("$node $cpus"); fi
        node=$((node + 1))
    done < <(machine_nodes "$1")
    lines[0]+=$orphans
    for node in "${lines[@]}"; do echo "${node% *} $(expand_cpus "${node#* }")"; done
}
nodes_of_parterre() { jq -r '.machine.nodes[] | "\(.id) \(.cpus | sort | map(tostring) | join(","))"' "$1" | sort -n; }

is_true_of() { jq -e "$2" "$1" >/dev/null; }

# The regions of that name are wanted on the plan's nodes, each on its own; no page lies elsewhere, and none of the
# nodes is without any.
placed() {
    jq -e --arg region "$2" '
        [.memory_plan.nodes[].id] as $nodes
        | [.page_placement[] | select(.region == $region)] as $regions
        | ($nodes | length) > 0 and [$regions[].wanted_node] == $nodes
        and all($regions[]; .unknown == null)
        and all($regions[]; .wanted_node as $wanted | .pages_by_node | to_entries
            | all(.[]; .value == 0 or .key == ($wanted | tostring)))
        and all($nodes[]; . as $node
            | [$regions[] | select(.wanted_node == $node) | .pages_by_node[$node | tostring] // 0] | add > 0)
        ' "$1" >/dev/null
}

# "NODE PAGES STRAY" for each node that a memory policy of the process names, from the kernel's numa_maps alone.
pages_by_policy() {
    awk '
        $2 ~ /^(bind|prefer)[^:]*:[0-9]+$/ {
            split($2, policy, ":"); node = policy[2]; seen[node] = 1
            for (i = 3; i <= NF; i++) if ($i ~ /^N[0-9]+=/) {
                split(substr($i, 2), count, "=")
                if (count[1] == node) home[node] += count[2]; else stray[node] += count[2]
            }
        }
        END { for (node in seen) print node, home[node] + 0, stray[node] + 0 }' "$1" | sort -n
}

# The cache that is taken without an option, half of what is free, has room on each of its nodes.
default_cache_fits() {
    jq -e '.machine.nodes as $nodes
        | .memory_plan.nodes | length > 0 and all(.[]; . as $plan
            | $nodes[] | select(.id == $plan.id) | $plan.cache_bytes > 0 and $plan.cache_bytes < .memory_bytes / 2)
        ' "$1" >/dev/null
}

# Every node has just the pages of its own that the plan's bytes of weights and cache take, and none lies elsewhere.
numa_maps_agree() {
    pages_by_policy "$1/live.numa_maps" >"$1/pages_by_policy"
    jq -r '.memory_plan.nodes[] | "\(.id) \([.weight_bytes, .cache_bytes] | map(. / 4096 | ceil) | add) 0"' \
        "$1/topology.out" | sort -n >"$1/pages_planned"
    [ -s "$1/pages_planned" ] && diff "$1/pages_planned" "$1/pages_by_policy" >&2
}

# One thread for each processor, pinned to it.
lanes_are_pinned() {
    diff <(seq 0 3) <(awk '$2 ~ /^[0-9]+$/ { print $2 }' "$1/live.affinity" | sort -n | uniq) >&2
}

# No page of weights, cache or swap area lies on another node than the one whose policy it has, and each node has some.
none_astray() {
    pages_by_policy "$1" >"$1.pages"
    [ -s "$1.pages" ] && awk '$3 != 0 || $2 == 0 { exit 1 }' "$1.pages"
}

# The summary tells of this.
tells() { grep -Eq "$2" "$1"; }

check_busy() {
    local out=$1 format=$2 nodes=$3
    check "busy, $format: the texts have the bits of this machine's, where nothing was shared, forked or swapped" \
        same "$out/busy-$format.out" "$results/here/busy-$format.out"
    check "busy, $format: prefixes were reused" tells "$out/busy-$format.err" 'prefix cache: [1-9]'
    check "busy, $format: sequences were swapped out" tells "$out/busy-$format.err" 'swapped'
    [ "$nodes" -eq 1 ] && return
    check "busy, $format: pages of weights, cache and swap area all lie on their nodes" \
        none_astray "$out/busy-$format.numa_maps"
    sed 's/^\([0-9]*\) \([0-9]*\) \([0-9]*\)$/        node \1: \2 pages at home, \3 elsewhere/' "$out/busy-$format.numa_maps.pages"
}

check_full_node() {
    local out=$1
    check "a full node: generate ends with 0" [ "$(cat "$out/generate-full.code")" = 0 ]
    check "a full node: it says so" tells "$out/generate-full.err" "node $(cat "$out/full-node") was full: .* lies on node"
    check "a full node: the texts are the same" same "$out/generate-full.out" "$results/here/generate-$best.out"
    grep -h 'was full' "$out/generate-full.err" | sed 's/^/        /' || true
}

check_machine() {
    local machine=$1 out=$results/$1 homes run code threads format
    homes=$(homes_told "$machine")
    for run in topology topology-default generate-1 generate-4 generate-portable generate-confined logits live busy-f32 busy-int8; do
        code=$(cat "$out/$run.code" 2>/dev/null || echo none)
        [ "$code" = 0 ] || { echo "    $run ended with $code:"; tail -n 5 "$out/$run.err" 2>/dev/null || true; }
        check "$run ends with 0" [ "$code" = 0 ]
    done
    check "the kernel has the nodes that QEMU was told" [ "$(nodes_told "$machine")" = "$(nodes_of_kernel "$out")" ]
    check "parterre finds those with memory, and each CPU on one" [ "$homes" = "$(nodes_of_parterre "$out/topology.out")" ]
    if [ "$(wc -l <<<"$homes")" -eq 1 ]; then
        check "parterre says why it places nothing" is_true_of "$out/topology.out" '.machine.placement_note | type == "string"'
    else
        check "each node computes on its own CPUs" is_true_of "$out/topology.out" \
            '[.machine.nodes[] | [.id, (.cpus | length)]] == [.memory_plan.nodes[] | [.id, .lanes]]'
        check "move_pages: the weights of each node lie on it" placed "$out/topology.out" weights
        check "move_pages: the cache of each node lies on it" placed "$out/topology.out" cache
        check "a cache of the default size has room on each node" default_cache_fits "$out/topology-default.out"
        check "numa_maps of a running engine: so says the kernel to everyone" numa_maps_agree "$out"
        sed 's/^\([0-9]*\) \([0-9]*\) \([0-9]*\)$/        node \1: \2 pages at home, \3 elsewhere/' "$out/pages_by_policy"
    fi
    check "one pinned thread on each CPU" lanes_are_pinned "$out"
    for threads in 1 4; do
        check "the texts with $threads threads have the bits of this machine ($best)" \
            same "$out/generate-$threads.out" "$results/here/generate-$best.out"
    done
    check "a text of the portable kernels too" some_of "$out/generate-portable.out" "$results/here/generate-$best.out"
    check "and those of a process that may use CPUs 0 and 1 only" \
        same "$out/generate-confined.out" "$results/here/generate-$best.out"
    for format in f32 int8; do check_busy "$out" "$format" "$(wc -l <<<"$homes")"; done
    [ "$(wc -l <<<"$homes")" -eq 1 ] || check_full_node "$out"
    check "the logits of a batch have the bits of this machine ($best)" \
        cmp -s "$out/logits.sum" "$results/here/logits-$best.sum"
}

finish_checks() {
    local set
    for set in $(sets_here | tail -n +2); do
        check "here, $set writes the same texts as $best" same "$results/here/generate-$set.out" "$results/here/generate-$best.out"
        check "here, $set has the same logits as $best" cmp -s "$results/here/logits-$set.sum" "$results/here/logits-$best.sum"
    done
    [ "$failures" -eq 0 ] || die "$failures of $checks checks failed on $1 machines; what they sent is in $results"
    say "$1 machines, $checks checks passed"
}
