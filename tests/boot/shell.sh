# Runs in the guest: takes commands from a line to the host and answers on it.
# Usage: shell DEVICE. A command is a line of base64; the answer is its exit code,
# a blank, and its output in base64. The first line says that the shell is there.
set -u
# The device has its name when udev has seen it.
for ((tries = 0; tries < 600; tries++)); do
  if [ -e "$1" ]; then break; fi
  sleep 0.1
done
exec 3<> "$1"
echo ready >&3
while IFS= read -r line <&3; do
  echo "$line" | base64 -d > /run/test-shell
  output=$("$BASH" /run/test-shell 2>&1 < /dev/null 3>&-) && code=0 || code=$?
  # The last newline is lost above.
  if [ -n "$output" ]; then output+=$'\n'; fi
  echo "$code $(printf %s "$output" | base64 -w 0)" >&3
done
