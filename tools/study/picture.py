"""The study's two pictures, as SVG."""
import math

WIDTH, HEIGHT = 720, 380
LEFT, RIGHT, TOP, BOTTOM = 64, 180, 24, 52
COLOURS = {"gold": "#b8860b", "random": "#666666", "structure": "#1f6fb2", "average": "#c23b22", "zero-shot": "#e08a1e", "few-shot": "#8e44ad",
           "length-matched": "#7f8c8d", "verifier": "#2e8b57", "statement_f1": "#1f6fb2", "question_f1": "#c23b22"}
LABELS = {"statement_f1": "Statement F1", "question_f1": "Question F1"}


class Picture:
    def __init__(self, title, across, low, high):
        self.low, self.high = low, high
        self.parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
                      f"<title>{title}</title>", f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>']
        for step in range(6):
            value = low + (high - low) * step / 5
            self.parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{self.y(value):.1f}" y2="{self.y(value):.1f}" stroke="#ddd"/>')
            self.text(LEFT - 8, self.y(value) + 4, f"{value:.2f}", "end")
        self.text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, across, "middle")

    def y(self, value):
        return TOP + (self.high - value) / (self.high - self.low) * (HEIGHT - TOP - BOTTOM)

    def x(self, share):
        return LEFT + 20 + share * (WIDTH - RIGHT - LEFT - 40)

    def text(self, x, y, words, anchor="start", colour="#222"):
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{words}</text>')

    def series(self, name, points, place):
        """points: (share across, the seeds' means)."""
        colour = COLOURS[name]
        path = " ".join(f"{'L' if number else 'M'}{self.x(share):.1f},{self.y(sum(means) / len(means)):.1f}" for number, (share, means) in enumerate(points))
        self.parts.append(f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        for share, means in points:
            for mean in means:
                self.parts.append(f'<circle cx="{self.x(share):.1f}" cy="{self.y(mean):.1f}" r="2.5" fill="{colour}" fill-opacity="0.5"/>')
        y = TOP + 16 + 20 * place
        self.parts.append(f'<line x1="{WIDTH - RIGHT + 16}" x2="{WIDTH - RIGHT + 36}" y1="{y - 4}" y2="{y - 4}" stroke="{colour}" stroke-width="2"/>')
        self.text(WIDTH - RIGHT + 42, y, LABELS.get(name, name))

    def svg(self):
        return "\n".join([*self.parts, "</svg>", ""])


def bounds(points):
    """A little beyond all values, by tenths."""
    values = [mean for *_, means in points for mean in means]
    low, high = math.floor(10 * min(values)) / 10, math.ceil(10 * max(values)) / 10
    return low, max(high, low + 0.1)


def curve_picture(points):
    """points: (score, size, the seeds' means)."""
    points = [point for point in points if point[2]]
    sizes = sorted({size for _, size, _ in points})
    picture = Picture("What the student learns from gold rows", "gold puzzles that it learnt from", *bounds(points))

    def share(size):
        return math.log(size / sizes[0]) / math.log(sizes[-1] / sizes[0]) if len(sizes) > 1 else 0.5

    for size in sizes:
        picture.text(picture.x(share(size)), HEIGHT - BOTTOM + 18, size, "middle")
    for place, name in enumerate(dict.fromkeys(name for name, *_ in points)):
        picture.series(name, [(share(size), means) for one, size, means in points if one == name], place)
    return picture.svg()


def dose_picture(points):
    """points: (arm, dose in percent, the seeds' means)."""
    picture = Picture("Statement F1 by the share of corrupted candidates", "% of the candidates that are corrupted", *bounds(points))
    top = max(dose for _, dose, _ in points) or 1
    for dose in sorted({dose for _, dose, _ in points}):
        picture.text(picture.x(dose / top), HEIGHT - BOTTOM + 18, dose, "middle")
    for place, name in enumerate(dict.fromkeys(name for name, *_ in points)):
        picture.series(name, [(dose / top, means) for one, dose, means in points if one == name], place)
    return picture.svg()
