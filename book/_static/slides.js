// Starts the slides; formulas are drawn before their slide is laid out.
const { width, height } = document.currentScript.dataset;

window.MathJax = {
  tex: { inlineMath: [["$", "$"], ["\\(", "\\)"]], displayMath: [["$$", "$$"], ["\\[", "\\]"]], processEscapes: true },
  options: { skipHtmlTags: ["script", "noscript", "style", "textarea", "pre", "code"], enableMenu: false },
  startup: {
    async pageReady() {
      await MathJax.startup.defaultPageReady();
      Reveal.layout();
      document.body.dataset.formulas = "drawn";
    },
  },
};

Reveal.initialize({
  width: Number(width),
  height: Number(height),
  margin: 0.03,
  center: false,
  hash: true,
  slideNumber: "c/t",
  transition: "none",
  navigationMode: "linear",
  plugins: [RevealNotes],
});
