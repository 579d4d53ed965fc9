/** Public data sets: where they are at home, what their files are, and on what terms they may be used. */

/** What the bytes of a file are known by, and who published it. */
export interface PublishedChecksum {
  readonly algorithm: "sha256" | "md5";
  /** Hexadecimal. */
  readonly hex: string;
  readonly source: string;
}

/** A file of a public data set. */
export interface RemoteFile {
  readonly url: string;
  /** What it is called here. */
  readonly name: string;
  readonly bytes: number;
  readonly checksum: PublishedChecksum;
}

/** A public data set. */
export interface PublicSet {
  readonly name: string;
  readonly about: string;
  readonly home: string;
  /** The terms in short, and whether they restrict what the images may be used for: such are to be accepted first. */
  readonly licence: { readonly text: string; readonly restricts: boolean };
  readonly files: readonly RemoteFile[];
  /** Where a member of the archive goes that holds several sets; undefined for members that are left in it. */
  readonly unpack?: (member: string) => string | undefined;
  /** What is to be done before the images can be read. */
  readonly afterwards?: string;
}

const tensorflow = "TensorFlow Datasets";

/** Files of one place, with the SHA-256 that TensorFlow Datasets publishes. */
function filesAt(place: string, files: readonly (readonly [name: string, bytes: number, sha256: string])[]) {
  return files.map(
    ([name, bytes, hex]): RemoteFile => ({
      url: `${place}${name}`,
      name,
      bytes,
      checksum: { algorithm: "sha256", hex, source: tensorflow },
    }),
  );
}

const cifarLicence = { text: "none stated; cite Krizhevsky (2009)", restricts: false } as const;

/** Every data set that can be downloaded. */
export const publicSets: readonly PublicSet[] = [
  {
    name: "mnist",
    about: "70,000 digits, 28x28 grey",
    home: "http://yann.lecun.com/exdb/mnist/",
    licence: { text: "CC BY-SA 3.0", restricts: false },
    // The home itself does not serve the files any more; this is the mirror that torchvision takes.
    files: filesAt("https://ossci-datasets.s3.amazonaws.com/mnist/", [
      ["train-images-idx3-ubyte.gz", 9912422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"],
      ["train-labels-idx1-ubyte.gz", 28881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"],
      ["t10k-images-idx3-ubyte.gz", 1648877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"],
      ["t10k-labels-idx1-ubyte.gz", 4542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"],
    ]),
  },
  {
    name: "fashion-mnist",
    about: "70,000 articles of clothing, 28x28 grey",
    home: "https://github.com/zalandoresearch/fashion-mnist",
    licence: { text: "MIT", restricts: false },
    files: filesAt("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/", [
      ["train-images-idx3-ubyte.gz", 26421880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"],
      ["train-labels-idx1-ubyte.gz", 29515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"],
      ["t10k-images-idx3-ubyte.gz", 4422102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"],
      ["t10k-labels-idx1-ubyte.gz", 5148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"],
    ]),
  },
  {
    name: "kmnist",
    about: "70,000 Kuzushiji characters, 28x28 grey",
    home: "https://codh.rois.ac.jp/kmnist/",
    licence: { text: "CC BY-SA 4.0", restricts: false },
    files: filesAt("http://codh.rois.ac.jp/kmnist/dataset/kmnist/", [
      ["train-images-idx3-ubyte.gz", 18165135, "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4"],
      ["train-labels-idx1-ubyte.gz", 29497, "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17"],
      ["t10k-images-idx3-ubyte.gz", 3041136, "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5"],
      ["t10k-labels-idx1-ubyte.gz", 5120, "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c"],
    ]),
  },
  {
    name: "emnist",
    about: "letters and digits in six sets of up to 814,255 images, 28x28 grey",
    home: "https://www.nist.gov/itl/products-and-services/emnist-dataset",
    licence: { text: "none stated; cite Cohen et al. (2017)", restricts: false },
    files: filesAt("https://biometrics.nist.gov/cs_links/EMNIST/", [
      ["gzip.zip", 561753746, "fb9bb67e33772a9cc0b895e4ecf36d2cf35be8b709693c3564cea2a019fcda8e"],
    ]),
    // Six sets in one archive: each gets a folder.
    unpack: (member) =>
      /^gzip\/(emnist-([a-z]+)-(?:train|test)-(?:images|labels)-idx\d-ubyte\.gz)$/
        .exec(member)
        ?.slice(1)
        .reverse()
        .join("/"),
  },
  {
    name: "cifar-10",
    about: "60,000 photographs of ten classes, 32x32 colour",
    home: "https://www.cs.toronto.edu/~kriz/cifar.html",
    licence: cifarLicence,
    files: filesAt("https://www.cs.toronto.edu/~kriz/", [
      ["cifar-10-binary.tar.gz", 170052171, "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"],
    ]),
  },
  {
    name: "cifar-100",
    about: "60,000 photographs of a hundred classes, 32x32 colour",
    home: "https://www.cs.toronto.edu/~kriz/cifar.html",
    licence: cifarLicence,
    files: filesAt("https://www.cs.toronto.edu/~kriz/", [
      ["cifar-100-binary.tar.gz", 168513733, "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec"],
    ]),
  },
  {
    name: "svhn",
    about: "99,289 house numbers, 32x32 colour",
    home: "http://ufldl.stanford.edu/housenumbers/",
    licence: { text: "for non-commercial use only", restricts: true },
    files: filesAt("http://ufldl.stanford.edu/housenumbers/", [
      ["train_32x32.mat", 182040794, "435e94d69a87fde4fd4d7f3dd208dfc32cb6ae8af2240d066de1df7508d083b8"],
      ["test_32x32.mat", 64275384, "cdce80dfb2a2c4c6160906d0bd7c68ec5a99d7ca4831afa54f09182025b6a75b"],
    ]),
  },
  {
    name: "tiny-imagenet",
    about: "120,000 photographs of two hundred classes, 64x64 colour",
    home: "http://cs231n.stanford.edu/",
    licence: { text: "ImageNet's terms: research and teaching that are not commercial", restricts: true },
    files: [
      {
        url: "http://cs231n.stanford.edu/tiny-imagenet-200.zip",
        name: "tiny-imagenet-200.zip",
        bytes: 248100043,
        checksum: { algorithm: "md5", hex: "90528d7ca1a48142e341f4ef8d21d0de", source: "Avalanche and other loaders" },
      },
    ],
  },
  {
    name: "mvtec-ad",
    about:
      "5,354 photographs of fifteen kinds of things and surfaces with masks of their faults, 700 to 1,024 pixels a side",
    home: "https://www.mvtec.com/company/research/datasets/mvtec-ad",
    licence: { text: "CC BY-NC-SA 4.0: not for commercial use", restricts: true },
    files: [
      {
        url: "https://www.mydrive.ch/shares/150996/b52ecdcbf521176e9db9c731f2304b27/download/420938113-1629960298/mvtec_anomaly_detection.tar.xz",
        name: "mvtec_anomaly_detection.tar.xz",
        bytes: 5264982680,
        checksum: {
          algorithm: "sha256",
          hex: "cf4313b13603bec67abb49ca959488f7eedce2a9f7795ec54446c649ac98cd3d",
          source: "anomalib",
        },
      },
    ],
    afterwards: "unpack it: tar -xJf mvtec_anomaly_detection.tar.xz",
  },
];
