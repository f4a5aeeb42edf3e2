//! Charts as SVG, readable on a light page and on a dark one.

use std::fmt::Write as _;

use crate::figures::Spread;

/// Bars under one heading.
pub(super) struct Group {
    pub(super) label: String,
    pub(super) bars: Vec<Bar>,
}

/// A bar up to the median, with a line from the smallest to the largest.
pub(super) struct Bar {
    pub(super) label: String,
    pub(super) value: Spread,
}

/// Points joined by lines.
pub(super) struct Series {
    pub(super) label: String,
    pub(super) points: Vec<(f64, f64)>,
}

const WIDTH: f64 = 820.0;
const LEFT: f64 = 130.0;
const RIGHT: f64 = 110.0;
const TOP: f64 = 56.0;
const ROW: f64 = 20.0;
const HEADING: f64 = 30.0;

/// Colours that keep apart on white, on near-black, and for most eyes that tell colours apart badly.
const STYLE: &str = "\
svg{background:#fff;color:#1f2328;font:13px system-ui,sans-serif}text{fill:currentColor}.title{font-size:15px;font-weight:600}\
.heading{font-weight:600}.quiet{opacity:.65}.grid{stroke:currentColor;opacity:.15}.line{stroke:currentColor;stroke-width:1.5;\
stroke-dasharray:4 3}.range{stroke:currentColor;stroke-width:1.5;opacity:.7}.good{fill:#2f9e6b}.bad{fill:#d9822b}\
.plain{fill:#3f7fd0}.series{fill:none;stroke-width:2.5}\
@media(prefers-color-scheme:dark){svg{background:#0d1117;color:#e6edf3}}";
const SERIES: [&str; 8] = ["#2f9e6b", "#8fbf3f", "#d9822b", "#3f7fd0", "#8b6fd6", "#d2504a", "#b38a1e", "#7a8691"];

/// A chart of horizontal bars. With a `line`, bars below it are in one colour and bars above it in another.
pub(super) fn bars(title: &str, groups: &[Group], line: Option<f64>) -> String {
    let rows: usize = groups.iter().map(|group| group.bars.len()).sum();
    let height = TOP + groups.len() as f64 * HEADING + rows as f64 * ROW + 40.0;
    let all = || groups.iter().flat_map(|group| &group.bars);
    // A range that a noisy slot stretched must not press all bars together.
    let longest = all().map(|bar| bar.value.median).fold(line.unwrap_or(0.0), f64::max) * 1.15;
    let ticks = Ticks::up_to(longest);
    let x = |value: f64| LEFT + (value.min(ticks.end) / ticks.end) * (WIDTH - LEFT - RIGHT);
    let mut chart = open(title, height);
    for tick in ticks.values() {
        vertical(&mut chart, "grid", x(tick), TOP, height - 30.0);
        text(&mut chart, "quiet", x(tick), height - 12.0, "middle", &number(tick));
    }
    let mut y = TOP;
    for group in groups {
        text(&mut chart, "heading", 16.0, y + 20.0, "start", &group.label);
        y += HEADING;
        let first_row = y;
        for bar in &group.bars {
            let Spread { median, min, max } = bar.value;
            let class = line.map_or("plain", |line| if median <= line { "good" } else { "bad" });
            text(&mut chart, "", LEFT - 8.0, y + 14.0, "end", &bar.label);
            // Writing to a string does not fail, here and below.
            let _ = write!(
                chart,
                r#"<rect class="{class}" x="{LEFT}" y="{:.1}" width="{:.1}" height="14" rx="2"/>"#,
                y + 3.0,
                (x(median) - LEFT).max(1.0)
            );
            if min < max {
                let _ =
                    write!(chart, r#"<path class="range" d="M{:.1} {:.1}H{:.1}"/>"#, x(min.max(0.0)), y + 10.0, x(max));
            }
            text(&mut chart, "", x(median.max(max)) + 6.0, y + 14.0, "start", &number(median));
            y += ROW;
        }
        // Beside the bars alone: it would cross out a heading.
        if let Some(line) = line {
            vertical(&mut chart, "line", x(line), first_row, y);
        }
    }
    chart + "</svg>\n"
}

/// A chart of lines over `x_label`.
pub(super) fn lines(title: &str, x_label: &str, y_label: &str, series: &[Series]) -> String {
    const HEIGHT: f64 = 434.0;
    const TOP: f64 = 70.0;
    const BOTTOM: f64 = HEIGHT - 50.0;
    const START: f64 = 60.0;
    const END: f64 = WIDTH - 150.0;
    let points = || series.iter().flat_map(|series| &series.points);
    let across = Ticks::up_to(points().map(|point| point.0).fold(0.0, f64::max));
    let up = Ticks::up_to(points().map(|point| point.1).fold(0.0, f64::max) * 1.02);
    let x = |value: f64| START + value / across.end * (END - START);
    let y = |value: f64| BOTTOM - value / up.end * (BOTTOM - TOP);
    let mut chart = open(title, HEIGHT);
    for tick in up.values() {
        let _ = write!(chart, r#"<path class="grid" d="M{START} {:.1}H{END}"/>"#, y(tick));
        text(&mut chart, "quiet", START - 8.0, y(tick) + 4.0, "end", &number(tick));
    }
    for tick in across.values() {
        text(&mut chart, "quiet", x(tick), BOTTOM + 20.0, "middle", &number(tick));
    }
    text(&mut chart, "quiet", END, BOTTOM + 38.0, "end", x_label);
    text(&mut chart, "quiet", START, TOP - 10.0, "middle", y_label);
    let colours = SERIES.iter().cycle();
    for (series, colour) in series.iter().zip(colours.clone()) {
        let place = |(at, value): &(f64, f64)| format!("{:.1} {:.1}", x(*at), y(*value));
        let path: Vec<String> = series.points.iter().map(place).collect();
        let _ = write!(chart, r#"<path class="series" stroke="{colour}" d="M{}"/>"#, path.join("L"));
        for (at, value) in &series.points {
            let _ = write!(chart, r#"<circle r="3.5" fill="{colour}" cx="{:.1}" cy="{:.1}"/>"#, x(*at), y(*value));
        }
    }
    for (row, (series, colour)) in series.iter().zip(colours).enumerate() {
        let at = TOP + row as f64 * ROW;
        let _ = write!(chart, r#"<rect fill="{colour}" x="{}" y="{at}" width="14" height="4" rx="2"/>"#, END + 16.0);
        text(&mut chart, "", END + 36.0, at + 7.0, "start", &series.label);
    }
    chart + "</svg>\n"
}

fn open(title: &str, height: f64) -> String {
    let title = escape(title);
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img" aria-label="{title}"><style>{STYLE}</style><text class="title" x="16" y="28">{title}</text>"#
    )
}

fn vertical(chart: &mut String, class: &str, x: f64, from: f64, to: f64) {
    let _ = write!(chart, r#"<path class="{class}" d="M{x:.1} {from:.1}V{to:.1}"/>"#);
}

fn text(chart: &mut String, class: &str, x: f64, y: f64, anchor: &str, content: &str) {
    let content = escape(content);
    let _ = write!(chart, r#"<text class="{class}" x="{x:.1}" y="{y:.1}" text-anchor="{anchor}">{content}</text>"#);
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

/// As many digits as a reader can use.
fn number(value: f64) -> String {
    match value {
        value if value >= 1000.0 && value % 1000.0 != 0.0 => format!("{:.1}k", value / 1000.0),
        value if value >= 1000.0 => format!("{:.0}k", value / 1000.0),
        value if value >= 20.0 || value.fract() == 0.0 => format!("{value:.0}"),
        value => format!("{value:.2}"),
    }
}

/// Round numbers along an axis that begins at zero.
struct Ticks {
    step: f64,
    end: f64,
}

impl Ticks {
    /// Between four and eight of them, and an end behind the longest.
    fn up_to(longest: f64) -> Self {
        let rough = (longest / 5.0).max(f64::MIN_POSITIVE);
        let power = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 2.5, 5.0, 10.0].map(|factor| factor * power).into_iter().find(|step| *step >= rough);
        let step = step.unwrap_or(power * 10.0);
        Self { step, end: (longest / step).ceil().max(1.0) * step }
    }

    fn values(&self) -> impl Iterator<Item = f64> {
        let (step, end) = (self.step, self.end);
        (0..).map(move |number| f64::from(number) * step).take_while(move |value| *value <= end + step / 2.0).take(20)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_has_round_numbers_and_room_for_the_longest() {
        for longest in [0.003, 0.9, 1.0, 4.2, 17.0, 141_000.0] {
            let ticks = Ticks::up_to(longest);
            let count = ticks.values().count();
            assert!(ticks.end >= longest && (4..=8).contains(&count), "{longest}: {count} up to {}", ticks.end);
        }
    }

    #[test]
    fn a_bar_is_coloured_by_the_side_of_the_line_it_ends_on() {
        let bar = |label: &str, median: f64| Bar {
            label: label.to_owned(),
            value: Spread { median, min: median, max: median },
        };
        let groups = [Group { label: "a < b".to_owned(), bars: vec![bar("cheap", 0.5), bar("dear", 2.0)] }];
        let chart = bars("title", &groups, Some(1.0));
        assert_eq!(chart.matches(r#"class="good""#).count(), 1);
        assert_eq!(chart.matches(r#"class="bad""#).count(), 1);
        assert!(chart.contains("a &lt; b") && chart.ends_with("</svg>\n"));
    }

    #[test]
    fn a_line_goes_through_its_points_from_left_to_right_and_up() {
        let series = [Series { label: "us".to_owned(), points: vec![(0.0, 0.0), (500.0, 100.0)] }];
        let chart = lines("title", "members", "%", &series);
        assert!(chart.contains(r#"d="M60.0 384.0L"#), "{chart}");
        assert_eq!(chart.matches("<circle").count(), 2);
    }
}
