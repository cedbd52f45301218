# Turns the lines of a run into the tables of RESULTS.md:
#
#     cargo run --release --manifest-path benches/peers/Cargo.toml | awk -f benches/peers/table.awk

/^(RATIO|GATE) / {
    split("", field)
    for (i = 2; i <= NF; i++) {
        at = match($i, /<?=/)
        if (at) field[substr($i, 1, at - 1)] = substr($i, at + RLENGTH)
    }
    contest = field["contest"]
    peer = field["peer"]
}

/^RATIO / {
    room = contest
    sub(/\..*/, "", room)
    if (!(room in rows)) rooms[++room_count] = room
    row = ++rows[room]
    key[room, row] = contest SUBSEP peer
    cells[room, row] = sprintf("| %s | %s | %d | %s | %s | %s | %s / %s |", contest, peer,
        field["threads"], field["ours_ns"], field["peer_ns"], field["ratio"],
        field["ours_allocs"] + 0, field["peer_allocs"] + 0)
}

/^GATE / {
    gate[contest, peer] = field["gate"]
    aim[contest, peer] = field["aim"]
    verdict[contest, peer] = $NF
}

/^GATE .*FAIL/ { failed = failed "\n* " contest ", " peer ": " field["ratio"] " > " field["gate"] }

END {
    for (r = 1; r <= room_count; r++) {
        room = rooms[r]
        print "## " room "\n"
        print "| contest | peer | threads | ours ns | peer ns | ratio | allocs | gate | aim | |"
        print "|---|---|--:|--:|--:|--:|--:|--:|--:|---|"
        for (row = 1; row <= rows[room]; row++) {
            k = key[room, row]
            printf "%s %s | %s | %s |\n", cells[room, row], gate[k], aim[k], verdict[k]
        }
        print ""
    }
    print failed ? "Gates missed:\n" failed : "No gate missed, those on our own allocations (none) included."
}
