import type uPlot from "uplot";

/** CSS colours for a canvas, which does not know custom properties: the browser resolves them on an element. */
export class Palette {
  readonly #element: HTMLElement;
  readonly #resolved = new Map<string, string>();

  constructor(element: HTMLElement) {
    this.#element = element;
  }

  /** @param css Any CSS colour, such as `var(--cpu)`. */
  colour(css: string): string {
    let colour = this.#resolved.get(css);
    if (colour === undefined) {
      this.#element.style.color = css;
      colour = getComputedStyle(this.#element).color;
      this.#resolved.set(css, colour);
    }
    return colour;
  }

  /** The colour fading out from the top of the plot to its bottom. */
  fade(plot: uPlot, css: string): CanvasGradient {
    const { top, height } = plot.bbox;
    const gradient = plot.ctx.createLinearGradient(0, top, 0, top + height);
    gradient.addColorStop(0, this.colour(`color-mix(in srgb, ${css} 34%, transparent)`));
    gradient.addColorStop(1, this.colour(`color-mix(in srgb, ${css} 2%, transparent)`));
    return gradient;
  }

  /** After a change of the colour scheme. */
  forget(): void {
    this.#resolved.clear();
  }
}
