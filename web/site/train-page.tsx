/** Training in the page, in an exported folder. */
import type { JSX } from "preact";
import { TrainView } from "../training/train-view.tsx";

export function SiteTrainPage(): JSX.Element {
  return <TrainView tryAddress="/" />;
}
