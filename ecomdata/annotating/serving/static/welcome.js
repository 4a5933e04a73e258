// The token has done its work: it need not stay in the address bar or the history.
history.replaceState(null, "", "/");
document.getElementById("begin").focus();
