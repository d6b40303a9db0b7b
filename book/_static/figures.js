// A figure opens alone, as large as it is, where a phone can zoom into it.
for (const img of document.querySelectorAll("div.cell_output img")) {
  const link = document.createElement("a");
  link.href = img.src;
  link.className = "enlarge";
  img.replaceWith(link);
  link.append(img);
}
