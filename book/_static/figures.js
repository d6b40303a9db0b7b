// A figure opens alone, as large as it is, where a phone can zoom into it.
for (const img of document.querySelectorAll("div.cell_output img, article section > p:not(.result, .badges) > img")) {
  const link = document.createElement("a");
  link.href = img.src;
  if (img.src.startsWith("data:")) { // of a fold: browsers do not open such an address alone
    fetch(img.src).then((got) => got.blob()).then((picture) => { link.href = URL.createObjectURL(picture); });
  }
  link.className = "enlarge";
  img.replaceWith(link);
  link.append(img);
}
