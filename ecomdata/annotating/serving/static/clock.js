// The active time of one item: what passes while the tab can be seen and there was input lately.

const IDLE = 30_000; // milliseconds without input after which the clock stands still
const INPUT = ["keydown", "pointerdown", "pointermove", "wheel", "touchstart", "scroll", "input"];

export class Clock {
  // before: milliseconds that the item took earlier (before a reload, or before an undo)
  constructor(before = 0) {
    this.total = before;
    this.last = performance.now();
    this.visible = !document.hidden;
    this.tick = () => this.count();
    this.turn = () => {
      this.count();
      this.visible = !document.hidden;
    };
    for (const name of INPUT) addEventListener(name, this.tick, { capture: true, passive: true });
    document.addEventListener("visibilitychange", this.turn);
  }

  // Add what has passed since the last input, at most until the clock stood still.
  count() {
    const now = performance.now();
    if (this.visible) this.total += Math.min(now - this.last, IDLE);
    this.last = now;
  }

  read() {
    this.count();
    return Math.round(this.total);
  }

  stop() {
    for (const name of INPUT) removeEventListener(name, this.tick, { capture: true });
    document.removeEventListener("visibilitychange", this.turn);
  }
}
