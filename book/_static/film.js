// The front page's films: what the shipped models drew, at one pace. Below each, the steps so far.
const films = document.querySelector(".films");

if (films) {
  const SIZE = 28, PIXELS = SIZE * SIZE, GAP = 4, SECONDS = 7, REST = 2.5, ROUNDS = 3;
  const ORANGE = [181, 80, 0], BLUE = [0, 114 / 255, 178 / 255];
  const contexts = [...films.querySelectorAll("canvas")].map((canvas) => canvas.getContext("2d"));
  const counters = [...films.querySelectorAll("output")];
  const button = document.querySelector(".hero button");
  const sheet = new Image();

  function greys() {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [sheet.width, sheet.height];
    const context = canvas.getContext("2d");
    context.drawImage(sheet, 0, 0);
    const all = context.getImageData(0, 0, sheet.width, sheet.height).data;
    return (row, column, pixel) =>
      all[4 * ((row * SIZE + Math.floor(pixel / SIZE)) * sheet.width + column * SIZE + (pixel % SIZE))];
  }

  function tiles(context, colour) {
    for (let row = 0; row < 3; row++) {
      const tile = context.createImageData(SIZE, SIZE);
      for (let pixel = 0; pixel < PIXELS; pixel++) tile.data.set([...colour(row, pixel), 255], 4 * pixel);
      context.putImageData(tile, row * (SIZE + GAP), 0);
    }
  }

  function draw(grey, share) {
    const steps = sheet.width / SIZE - 2, known = Math.round(share * PIXELS), step = Math.round(share * steps);
    const left = 1 - step / steps;
    tiles(contexts[0], (row, pixel) => (pixel < known ? Array(3).fill(grey(row, 0, pixel)) : ORANGE));
    tiles(contexts[1], (row, pixel) =>
      BLUE.map((colour) => grey(row, step + 1, pixel) * Math.min(1, 1 - left + left * (0.25 + colour) * 1.3)));
    counters[0].value = `${known} of ${PIXELS} steps, a pixel each`;
    counters[1].value = `${step} of ${steps} steps, all pixels each`;
  }

  sheet.onload = () => {
    const grey = greys();
    let clock = 0, last = null, paused = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const words = () => (button.textContent = paused ? "Play" : "Pause");
    function frame(now) {
      if (paused) return (last = null);
      clock += last === null ? 0 : Math.min(now - last, 100) / 1000;
      last = now;
      const round = clock % (SECONDS + REST);
      draw(grey, Math.min(1, round / SECONDS));
      if (clock > ROUNDS * (SECONDS + REST) - 0.2) (paused = true), (clock = 0), words();
      requestAnimationFrame(frame);
    }
    button.onclick = () => ((paused = !paused), words(), requestAnimationFrame(frame));
    button.hidden = false;
    words();
    draw(grey, paused ? 0.6 : 0);
    requestAnimationFrame(frame);
  };
  sheet.src = films.dataset.film;
}
