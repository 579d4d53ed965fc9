/** Stands for a process that scores parts of a shard: it ends at the image whose place is its request's folder, and tells the places of others. */
const { folder } = JSON.parse(process.argv[2]);
process.on("disconnect", () => process.exit());
process.on("message", ({ first, count }) => {
  const images = Array.from({ length: count }, (_, index) => first + index);
  if (images.includes(Number(folder))) process.kill(process.pid, "SIGKILL");
  process.send({ kind: "rows", rows: images });
});
process.send({ kind: "ready" });
