{
  ok = 1;
  bad = throw "from a file";
}
