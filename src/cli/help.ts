/** What `outglow --help` says, at hand without the parser, whose `outglow help` says the same: a test compares the two. */
export const helpText = `Usage: outglow [options] [command]

Finds the images that don't belong: normalizing flows trained on your normal
images.

Options:
  -V, --version                             output the version number
  -h, --help                                display help for command

Commands:
  train [options]                           train a detector on normal images
  predict [options] <detector> <images...>  score images: how anomalous is each one?
  evaluate [options] <detector> [set]       measure how well the scores tell anomalous images from normal ones
  watch [options] <folder>                  score what arrives in a folder, every image once, and raise anomalies and drift
  scores [options] <detector>               list the scores of a detector: what each is, needs and costs, and how well it did
  calibrate [options] <detector>            fit a detector to other normal images without training, or set how it marks images
  analyze [options] <detector...>           show what the models of one or more detectors see in data, as pictures on one page
  sample [options] <detector>               draw images from a detector's flow: what it thinks normal looks like
  find [options] [images...]                find the images that don't belong in one pile of images, with no normal images at hand
  data                                      look at images before anything is trained on them, fetch public ones, see what is kept prepared
  export [options] <detector>               write a detector as ONNX files for other programs, held against the detector first
  verify [options] <detector>               check that a detector gives here what it gave where it was written, on every device
  serve [options] <detectors>               serve detectors over HTTP: Open Inference Protocol, scores of image files, metrics
  job                                       score collections larger than one machine: make a job, follow it, merge and prove its rows
  worker [options] [job]                    score the shards of a job, as one of as many workers as there are
  studio [options] [folder]                 open the studio in a browser: train, look, decide and score by pages on this machine
  benchmark [options]                       measure training and scoring on this machine
  doctor [options]                          say what this machine has, and check that the engine computes what it should
  completion <shell>                        print what completes commands and options in a shell, or the manual page
  quickstart [options] [what]               see the whole job on images that the program makes itself: no data, no network, a few minutes
  reproduce [options] <suite>               repeat the paper's experiments: train, score and compare all methods, as a table and a page of pictures
  help [command]                            display help for command

Exit codes: 0 done, 1 failed, 2 wrong usage, 130 stopped by Ctrl-C or SIGTERM.
`;
