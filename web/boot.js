/**
 * Says so where the page's modules cannot be loaded, and loads the page again when the server can be reached.
 * No module: it runs where those do not.
 */
(function () {
  var SECONDS = 5;
  function again() {
    fetch("/web/app.js", { cache: "no-cache" }).then(
      function (answer) {
        if (answer.ok) location.reload();
      },
      function () {},
    );
  }
  document.addEventListener(
    "error",
    function (event) {
      if (event.target.type !== "module") return;
      var words = document.createElement("p");
      words.className = "sheet";
      words.setAttribute("role", "alert");
      words.textContent =
        "인터넷에 연결되어 있지 않아요. 연결되면 바로 다시 시도할게요. There is no connection. The page is loaded again as soon as there is one.";
      document.body.append(words);
      window.addEventListener("online", again);
      setInterval(again, SECONDS * 1000);
    },
    true,
  );
})();
