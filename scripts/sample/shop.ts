// The shop that the sample logs come from: people, goods and hosts, with the spread of names that real shops have.
import { Prng } from "./prng.ts";

const FIRST =
  "Anna Zoë Łukasz Søren José Mei 李雷 Ngọc Fatima أمل Ivan Олена Σοφία Ayşe Björn Chloé Dwayne Siobhán 花子 Kofi".split(
    " ",
  );
const LAST =
  "Müller O'Brien Nguyễn Żółć García 王 Петренко Παππάς Yılmaz Þórsdóttir d'Angelo Smith-Jones Ibrahim 田中 Okonkwo Lee Núñez Kaya Berg Ó Súilleabháin";
const GOODS =
  "lamp desk chair kettle jacket boots notebook pencil mug rug mirror clock scarf tent bottle".split(" ");
const COLOURS = "oak walnut black white sand olive navy rust".split(" ");
export const COUNTRIES = ["DE", "FR", "GB", "PL", "ES", "TR", "JP", "US", "VN", "IE"] as const;
export const CURRENCIES = ["EUR", "EUR", "EUR", "GBP", "USD", "JPY"] as const;
export const AGENTS = [
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36",
  "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.1 Mobile/15E148 Safari/604.1",
  "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
  "ShopApp/4.12.0 (Android 16; Pixel 9)",
] as const;

export interface Person {
  readonly id: number;
  readonly name: string;
  readonly email: string;
  readonly country: string;
  readonly agent: string;
}

export interface Product {
  readonly sku: string;
  readonly title: string;
  /** In hundredths of the currency. */
  readonly cents: number;
}

export interface Shop {
  readonly people: readonly Person[];
  readonly products: readonly Product[];
}

const lastNames = LAST.replace("Ó Súilleabháin", "Ó\u00a0Súilleabháin").split(" ");

function makePerson(random: Prng, index: number): Person {
  const first = random.pick(FIRST);
  const id = 100_000 + index * 7;
  return {
    id,
    name: `${first} ${random.pick(lastNames)}`.replace("\u00a0", " "),
    email: `user${id}@example.${random.pick(["com", "org", "net"])}`,
    country: random.pick(COUNTRIES),
    agent: random.pick(AGENTS),
  };
}

function makeProduct(random: Prng, index: number): Product {
  const thing = random.pick(GOODS);
  return {
    sku: `${thing.slice(0, 3).toUpperCase()}-${String(1000 + index)}`,
    title: `${random.pick(COLOURS)} ${thing}`,
    cents: random.integer(199, 49_999),
  };
}

/** The same shop for the same seed. */
export function makeShop(seed: number): Shop {
  const random = new Prng(seed, 1);
  return {
    people: Array.from({ length: 5000 }, (_, index) => makePerson(random, index)),
    products: Array.from({ length: 600 }, (_, index) => makeProduct(random, index)),
  };
}
