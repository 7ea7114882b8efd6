# SPDX-License-Identifier: BSD-2-Clause
"""publish.py RESULT: fills the tables of docs/performance.md from the bench's JSON, and draws its plots beside it.

A table of the page stands between <!-- table: NAME --> and <!-- end -->. What was not measured is shown as a dash.
"""
import json
import re
import sys

import plot

PAGE = "docs/performance.md"
SIZES = (("10", "10"), ("1k", "1,000"), ("100k", "100,000"), ("1m", "1,000,000"))


class Figures:
    """The measures by id, as cells of a table."""

    def __init__(self, measures):
        self.by_id = {m["id"]: m for m in measures}

    def value(self, id, digits=2):
        return f"{self.by_id[id]['value']:,.{digits}f}" if id in self.by_id else "-"

    def values(self, *ids, digits=2):
        return " / ".join(self.value(id, digits) for id in ids)

    def both(self, stem):
        return self.values(f"{stem}.allow", f"{stem}.deny")

    def beside(self, id, digits=1):
        """The figure in ns that stands beside a ratio."""
        return f"{self.by_id[id]['ns']:,.{digits}f}" if "ns" in self.by_id.get(id, {}) else "-"


def rows_of_verdict(f):
    yield "", "`sk_lookup` hot", "`cgroup_skb` hot", "`sk_lookup` cold", "LPM hot", "LPM cold"
    for family, name in (("v4", "IPv4"), ("v6", "IPv6")):
        for size, count in SIZES:
            yield (
                f"{name}, {count}",
                f.both(f"verdict.lookup.{family}.hot.{size}"),
                f.both(f"verdict.packet.{family}.hot.{size}"),
                f.both(f"verdict.lookup.{family}.cold.{size}"),
                f.both(f"verdict.lpm.{family}.hot.{size}"),
                f.both(f"verdict.lpm.{family}.cold.{size}"),
            )
    yield (
        "another port",
        f.value("verdict.lookup.unguarded"),
        f.value("verdict.packet.unguarded"),
        "", "", "",
    )


def times(f, id):
    return f"{f.value(id)} of it"


def rows_of_syn(f):
    yield "a refused SYN, 1,000,000 CIDRs", "ns", "kubemoat's drop is", "kubemoat's RST is"
    yield "kubemoat, `deny: drop`", f.value("syn.denied.packet.1m.ns", 0), "", ""
    yield "kubemoat, `deny: reset`", f.value("syn.denied.reset.1m.ns", 0), "", ""
    yield (
        "nftables set, `drop`", f.value("syn.denied.nft_drop.1m.ns", 0),
        times(f, "syn.denied.packet.1m.vs_nft"), times(f, "syn.denied.reset.1m.vs_nft_drop"),
    )
    yield (
        "nftables set, `reject with tcp reset`", f.value("syn.denied.nft_reject.1m.ns", 0),
        "", times(f, "syn.denied.reset.1m.vs_nft_reject"),
    )
    yield (
        "iptables-nft, ipset `hash:net`, `DROP`", f.value("syn.denied.ipset.1m.ns", 0),
        times(f, "syn.denied.packet.1m.vs_ipset"), "",
    )
    yield (
        "LPM trie, `cgroup_skb`", f.value("syn.denied.lpm.1m.ns", 0), times(f, "syn.denied.packet.1m.vs_lpm"), "",
    )
    yield (
        "no guard, closed port, RST", f.value("syn.denied.closed.ns", 0), "", times(f, "syn.denied.reset.1m.vs_closed"),
    )


def rows_of_traffic(f):
    yield "1,000 CIDRs", "connections", "requests on one", "program time, ns a connection / a request"
    for subject, name in (
        ("both", "kubemoat"), ("lookup", "kubemoat, `layers: [lookup]`"), ("nft", "nftables set"),
        ("ipset", "iptables-nft, ipset"), ("lpm", "LPM trie, `cgroup_skb`"), ("none", "no guard, once more"),
    ):
        rate, flow = f"connect.rate.{subject}.vs_none", f"flow.requests.{subject}.vs_none"
        times = f"{f.beside(rate, 0)} / {f.beside(flow, 0)}" if subject in ("both", "lookup") else ""
        yield name, f.value(rate, 3), f.value(flow, 3), times


def rows_of_reload(f):
    yield "ms", "kubemoat, IPv4", "kubemoat, IPv6", "nftables, IPv4", "ipset, IPv4"
    for size, count in SIZES:
        digits = 0 if size in ("100k", "1m") else 1
        yield count, *(f.value(f"reload.{name}.{size}.ms", digits) for name in ("v4", "v6", "nft", "ipset"))
    yield (
        "memory of the command at 1,000,000, MiB",
        f.value("reload.v4.1m.peak_mib", 0), f.value("reload.v6.1m.peak_mib", 0), "", "",
    )


def rows_of_fit(f):
    yield "", "`sk_lookup` hot", "`sk_lookup` cold", "bytes a CIDR"
    for name, verdict, memory in (
        ("1,000,000 IPv4, spread", "verdict.lookup.v4.%s.1m", "memory.v4.1m"),
        ("4,000,000 IPv4 hosts in one /8", "fit.lookup.v4.%s.4m_in_one_8", "fit.memory.v4.4m_in_one_8"),
        ("1,000,000 IPv6, as handed out", "verdict.lookup.v6.%s.1m", "memory.v6.1m"),
        ("500,000 IPv6 without structure", "fit.lookup.v6.%s.500k_scattered", "fit.memory.v6.500k_scattered"),
    ):
        yield name, f.both(verdict % "hot"), f.both(verdict % "cold"), f.value(f"{memory}.bytes_per_cidr", 1)


def rows_of_bounds(f):
    yield "id", "median", "min to max", "unit", "against", "rounds", "bound", "holds"
    for m in f.by_id.values():
        if "holds" not in m:
            continue
        bound = f"&ge; {m['at_least']:g}" if "at_least" in m else f"&le; {m['at_most']:g}"
        holds = {True: "yes", False: "**no**", None: "not judged"}[m["holds"]]
        yield (
            f"`{m['id']}`", f"{m['value']:,.2f}", f"{m['min']:,.2f} to {m['max']:,.2f}", m["unit"],
            m["against"] or "", str(m["rounds"]), bound, holds,
        )


def rows_of_machine(machine):
    yield "processor", "processors", "kernel", "programs of others on every packet"
    yield machine["cpu"], str(machine["cpus"]), f"Linux {machine['kernel']}", str(machine["foreign_programs"])


def rows_of_flood(f):
    yield "all processors at once", "SYNs/s", "not counted"
    yield "dropped", f.value("deny.flood.dropped_per_second", 0), f.value("deny.flood.uncounted", 0)
    yield "refused by RST", f.value("deny.flood.refused_per_second", 0), f.value("deny.flood.uncounted", 0)


def table(rows):
    head, *body = rows
    lines = [head, ["---"] * len(head), *body]
    return "".join("| " + " | ".join(cells) + " |\n" for cells in lines)


def main(result):
    with open(result, encoding="utf-8") as file:
        measured = json.load(file)
    figures = Figures(measured["measures"])
    tables = {
        "machine": rows_of_machine(measured["machine"]),
        "verdict": rows_of_verdict(figures),
        "syn": rows_of_syn(figures),
        "flood": rows_of_flood(figures),
        "traffic": rows_of_traffic(figures),
        "reload": rows_of_reload(figures),
        "fit": rows_of_fit(figures),
        "bounds": rows_of_bounds(figures),
    }
    with open(PAGE, encoding="utf-8") as file:
        page = file.read()
    page = re.sub(
        r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)",
        lambda found: f"{found[1]}\n{table(tables[found[2]])}\n{found[3]}",
        page,
        flags=re.DOTALL,
    )
    with open(PAGE, "w", encoding="utf-8") as file:
        file.write(page)
    values = {id: m["value"] for id, m in figures.by_id.items()}
    for name, draw in (("verdict", plot.verdict), ("reload", plot.reload)):
        with open(f"docs/{name}.svg", "w", encoding="utf-8") as file:
            file.write(draw(values))


main(sys.argv[1])
