// Starts the slides; formulas are drawn before their slide is laid out. A phone held upright gets them as one page.
const upright = innerWidth < 600;
const { width, height } = document.currentScript.dataset;

window.MathJax = {
  tex: { inlineMath: [["$", "$"], ["\\(", "\\)"]], displayMath: [["$$", "$$"], ["\\[", "\\]"]], processEscapes: true },
  options: { skipHtmlTags: ["script", "noscript", "style", "textarea", "pre", "code"], enableMenu: false },
  startup: {
    async pageReady() {
      await MathJax.startup.defaultPageReady();
      if (!upright) Reveal.layout();
      document.body.dataset.formulas = "drawn";
    },
  },
};

if (upright) document.documentElement.classList.add("upright");
else
  Reveal.initialize({
    width: Number(width),
    height: Number(height),
    margin: 0.03,
    center: false,
    hash: true,
    slideNumber: "c/t",
    transition: "none",
    navigationMode: "linear",
    scrollActivationWidth: 0,
    plugins: [RevealNotes],
  });
