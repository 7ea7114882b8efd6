# SPDX-License-Identifier: BSD-2-Clause
"""Draws the plots of docs/performance.md from build/bench.json: logarithmic on both axes, readable on light and dark."""
import math

SIZES = {"10": 10, "1k": 1_000, "100k": 100_000, "1m": 1_000_000}
SIZE_LABELS = {10: "10", 1_000: "1,000", 100_000: "100,000", 1_000_000: "1 million"}

WIDTH, HEIGHT = 420, 300  # of a panel's plotting area
LEFT, RIGHT, TOP, BOTTOM = 64, 160, 56, 56

STYLE = """
    text { font: 13px system-ui, sans-serif; fill: #1f2328; }
    .title { font-weight: 600; font-size: 15px; }
    .quiet { fill: #59636e; }
    .grid { stroke: #59636e; stroke-opacity: .22; }
    .axis { stroke: #59636e; }
    .line { fill: none; stroke-width: 2.25; stroke-linejoin: round; }
    .cold { stroke-dasharray: 6 4; }
    .us { stroke: #0a5dc2; } .us-fill { fill: #0a5dc2; }
    .us2 { stroke: #0f766e; } .us2-fill { fill: #0f766e; }
    .lpm { stroke: #b45309; } .lpm-fill { fill: #b45309; }
    .nft { stroke: #b91c1c; } .nft-fill { fill: #b91c1c; }
    .ipset { stroke: #7c3aed; } .ipset-fill { fill: #7c3aed; }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3; } .quiet { fill: #9198a1; }
      .grid, .axis { stroke: #9198a1; }
      .us { stroke: #6cb0ff; } .us-fill { fill: #6cb0ff; }
      .us2 { stroke: #4fd1c5; } .us2-fill { fill: #4fd1c5; }
      .lpm { stroke: #f0a04b; } .lpm-fill { fill: #f0a04b; }
      .nft { stroke: #ff8080; } .nft-fill { fill: #ff8080; }
      .ipset { stroke: #b794ff; } .ipset-fill { fill: #b794ff; }
    }
"""


def label(value):
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:.1f}"


def ticks_to(base, highest):
    """Powers of the base from 1 on, the last of them not below the highest value."""
    ticks = [1]
    while ticks[-1] < highest:
        ticks.append(ticks[-1] * base)
    return ticks


def apart(places, distance):
    """The places of labels, moved down until none covers the one above."""
    moved, last = {}, -math.inf
    for key, place in sorted(places.items(), key=lambda item: item[1]):
        moved[key] = last = max(place, last + distance)
    return moved


class Panel:
    """One plotting area: lines over the number of CIDRs, from 1 to the last tick."""

    def __init__(self, title, x_offset, ticks):
        self.left, self.out, self.labels = x_offset + LEFT, [], {}
        self.high = ticks[-1]
        self.text(self.left, TOP - 30, title, "title")
        for tick in ticks:
            y = self.y(tick)
            self.out.append(f'<line class="grid" x1="{self.left}" y1="{y:.1f}" x2="{self.left + WIDTH}" y2="{y:.1f}"/>')
            self.text(self.left - 8, y + 4, label(tick), "quiet", "end")
        for size, text in SIZE_LABELS.items():
            self.text(self.x(size), TOP + HEIGHT + 20, text, "quiet", "middle")
        bottom = TOP + HEIGHT
        self.out.append(f'<line class="axis" x1="{self.left}" y1="{bottom}" x2="{self.left + WIDTH}" y2="{bottom}"/>')
        self.text(self.left + WIDTH / 2, bottom + 42, "CIDRs in the list", "quiet", "middle")

    def x(self, size):
        return self.left + 12 + (math.log10(size) - 1) / 5 * (WIDTH - 24)

    def y(self, value):
        return TOP + HEIGHT * (1 - math.log(value) / math.log(self.high))

    def text(self, x, y, text, style, anchor="start"):
        self.out.append(f'<text class="{style}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{text}</text>')

    def line(self, name, style, points):
        """`points`: (size, value); `style`: the class of the colour, and "cold" behind it for a dashed line."""
        if not points:
            return
        colour = style.split()[0]
        path = " ".join(f"{self.x(size):.1f},{self.y(value):.1f}" for size, value in points)
        self.out.append(f'<polyline class="line {style}" points="{path}"/>')
        for size, value in points:
            self.out.append(f'<circle class="{colour}-fill" cx="{self.x(size):.1f}" cy="{self.y(value):.1f}" r="3"/>')
        self.labels[f'<tspan class="{colour}-fill">{name} {label(points[-1][1])}</tspan>'] = self.y(points[-1][1])

    def svg(self):
        for text, y in apart(self.labels, 16).items():
            self.text(self.left + WIDTH + 2, y + 4, text, "")
        return "\n".join(self.out)


def document(description, panels):
    width, height = len(panels) * (LEFT + WIDTH + RIGHT), TOP + HEIGHT + BOTTOM
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">\n'
        f"<title>{description}</title>\n<style>{STYLE}</style>\n" + "\n".join(p.svg() for p in panels) + "\n</svg>\n"
    )


def points(values, id_format):
    return [(number, values[id_format % size]) for size, number in SIZES.items() if id_format % size in values]


def draw(panel, lines):
    for name, style, of_line in lines:
        panel.line(name, style, of_line)
    return panel


def highest(groups):
    return max((value for lines in groups for _, _, of_line in lines for _, value in of_line), default=1)


def verdict(values):
    groups = [
        [
            ("LPM trie, cold", "lpm cold", points(values, f"verdict.lpm.{family}.cold.%s.allow")),
            ("LPM trie, hot", "lpm", points(values, f"verdict.lpm.{family}.hot.%s.allow")),
            ("kubemoat, cold", "us cold", points(values, f"verdict.lookup.{family}.cold.%s.allow")),
            ("kubemoat, hot", "us", points(values, f"verdict.lookup.{family}.hot.%s.allow")),
        ]
        for family in ("v4", "v6")
    ]
    ticks = ticks_to(2, highest(groups))
    panels = [
        draw(Panel(f"{name}: a verdict, times the program that does nothing", i * (LEFT + WIDTH + RIGHT), ticks), lines)
        for i, (name, lines) in enumerate(zip(("IPv4", "IPv6"), groups))
    ]
    return document("Cost of a verdict against the number of CIDRs", panels)


def reload(values):
    lines = [
        ("nftables", "nft", points(values, "reload.nft.%s.ms")),
        ("ipset", "ipset", points(values, "reload.ipset.%s.ms")),
        ("kubemoat IPv6", "us2", points(values, "reload.v6.%s.ms")),
        ("kubemoat IPv4", "us", points(values, "reload.v4.%s.ms")),
    ]
    panel = Panel("From a changed file to its policy in force, ms", 0, ticks_to(10, highest([lines])))
    return document("Time of a reload against the number of CIDRs", [draw(panel, lines)])
