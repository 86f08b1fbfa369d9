"""Names of places in the demo city, made from French words so that none is a real stop of a real network."""

from __future__ import annotations

from itertools import product

import numpy as np

CITY = "Clairval-sur-Loire"

TRAM_STATIONS = (
    "Parc des Ormeaux", "Lycée des Coteaux", "Les Douets", "La Chevalerie", "Petite Arche", "Monnier", "Beffroi",
    "Maison des Arts", "Croix de Pierre", "Tranchée", "Place de la Fontaine", "Pont de Loire", "Porte de Loire",
    "Rue Nationale", "Hôtel de Ville", "Gare de Clairval", "Jardin Botanique", "Palais de Justice", "Sanitat",
    "Place de la Liberté", "Verdun", "Pont du Cher", "L'Heure Paisible", "Rotonde", "Île aux Hérons", "Université",
    "Bergeonnerie", "Hôpital Descartes", "Les Deux Lions Blancs",
)  # fmt: skip
"""The stations of tram line A, north to south."""

_PLURALS = (
    "Acacias", "Ardoises", "Aubépines", "Aulnes", "Bleuets", "Bouleaux", "Bruyères", "Capucines", "Carrières", "Caves",
    "Cèdres", "Cerisiers", "Charmilles", "Châtaigniers", "Chênes", "Closeaux", "Coquelicots", "Cordiers", "Épinettes",
    "Érables", "Fauvettes", "Fontenelles", "Forgerons", "Fougères", "Frênes", "Genêts", "Glycines", "Grands Champs",
    "Granges", "Grillons", "Hautes Marches", "Hirondelles", "Jonquilles", "Landes", "Lavandières", "Levées", "Lilas",
    "Maraîchers", "Mariniers", "Marronniers", "Mésanges", "Meuniers", "Noisetiers", "Noyers", "Pâquerettes",
    "Pépinières", "Perriers", "Peupliers", "Platanes", "Pommiers", "Potiers", "Prairies", "Remparts", "Rossignols",
    "Roseaux", "Sablons", "Saules", "Sources", "Tanneurs", "Tilleuls", "Tisserands", "Tourelles", "Trois Rois",
    "Tonneliers", "Vanniers", "Varennes", "Vergers", "Verriers", "Vignes", "Violettes",
)  # fmt: skip
_SINGULARS = (
    "La Bellangerie", "La Borde", "La Bretonnerie", "La Carte", "La Chambrerie", "La Croix Montoire", "La Dorerie",
    "La Fuye", "La Galboisière", "La Gaudrière", "La Gloriette", "La Grenadière", "La Guignardière", "La Haute Motte",
    "La Héronnière", "La Marbellière", "La Mignonnerie", "La Milletière", "La Morinerie", "La Noue", "La Papoterie",
    "La Pinsonnière", "La Rabaterie", "La Renardière", "La Rouillonnerie", "La Source", "La Thibaudière",
    "La Vallée Violette", "La Ville Haute", "Beaulieu", "Beaumanoir", "Beauverger", "Bel Air", "Belle Fille",
    "Boisdenier", "Champ Girault", "Champ Roseau", "Clos Joli", "Clos Moreau", "Fontaine Pottier", "Grand Clos",
    "Haut Soleil", "Le Bocage", "Le Calvaire", "Le Carroi", "Le Cluzel", "Le Colombier", "Le Lavoir", "Le Menneton",
    "Le Moulin Neuf", "Le Pressoir", "Le Puits Vert", "Le Vieux Four", "Mi-Côte", "Montjoyeux", "Petit Cher",
    "Port Bretagne", "Quatre Chemins", "Ronde Couture", "Sainte-Radegonde", "Saint-Sauveur", "Tue-Loup",
)  # fmt: skip
_KINDS = ("Rue", "Place", "Square", "Allée", "Mail", "Clos", "Porte", "Quai")
_COMPLEMENTS = (
    "de la Paix", "du 8-Mai", "du 11-Novembre", "de la Résistance", "de la République", "du Marché", "des Halles",
    "de la Victoire", "du Château d'Eau", "de la Poste", "de l'Horloge", "du Petit Pré", "de la Tour", "du Vieux Puits",
    "de l'Abbaye", "des Arènes", "du Gué", "de la Passerelle", "de l'Écluse", "du Port", "de l'Octroi", "du Mûrier",
    "de la Monnaie", "du Change", "du Grand Marché", "de la Foire", "du Cygne", "de la Scellerie", "de la Dolve",
    "de l'Alma", "de Strasbourg", "d'Alsace", "de Bretagne", "d'Anjou", "du Poitou", "de Sologne", "du Maine",
)  # fmt: skip
_PERSONS = (
    "Louise-Michel", "George-Sand", "Marie-Curie", "Simone-Veil", "Camille-Claudel", "Jules-Verne", "Victor-Hugo",
    "Ronsard", "Rabelais", "Balzac", "Courteline", "Anatole-France", "Jean-Jaurès", "Jacques-Prévert", "Barbara",
    "Georges-Brassens", "Debussy", "Ravel", "Bizet", "Berlioz", "Monet", "Renoir", "Rodin", "Calder", "Pasteur",
    "Ampère", "Arago", "Lavoisier", "Lamartine", "Molière", "Racine", "Voltaire", "Diderot", "Condorcet", "Colette",
    "Olympe-de-Gouges", "Joséphine-Baker", "Germaine-Tillion", "Lucie-Aubrac", "Jean-Moulin", "Sophie-Germain",
    "Émile-Zola", "Paul-Éluard", "Saint-Exupéry", "Fernand-Léger", "Henri-Dunant", "Édith-Piaf", "Niki-de-Saint-Phalle",
)  # fmt: skip
_FACILITIES = ("Collège", "École", "Gymnase", "Stade", "Médiathèque", "Résidence", "Parc", "Centre Social")
_PLACES = (
    "Mairie Annexe", "Piscine du Mortier", "Cimetière Ouest", "Caserne Beaumont", "Zone de la Vrillonnerie",
    "Centre Commercial des Granges", "Clinique des Alliés", "Patinoire", "Parc Expo", "Aérodrome", "Serres Municipales",
    "Zénith", "Théâtre de Verdure", "Maison de Quartier", "Base de Loisirs", "Faculté de Pharmacie", "Pôle Santé",
    "Technopole", "Déchetterie", "Halte Ferroviaire", "Château de Plessis-Clair", "Prieuré", "Observatoire",
)  # fmt: skip


def street_names(rng: np.random.Generator, needed: int) -> list[str]:
    """Names of streets, at most as many as there are."""
    return [f"Rue {name}" for name in rng.permutation([*_COMPLEMENTS, *_PERSONS])[:needed]]


def stop_names(rng: np.random.Generator) -> list[str]:
    """Names of stops, each once, none of them a tram station's: those that sound best first, in an order of `rng`'s
    making."""
    kind = rng.permutation(len(_COMPLEMENTS)) % len(_KINDS)
    facility = rng.permutation(len(_PERSONS)) % len(_FACILITIES)
    names = [f"Les {name}" for name in _PLURALS]
    names += [*_SINGULARS, *_PLACES]
    names += [f"{_KINDS[k]} {name}" for k, name in zip(kind, _COMPLEMENTS, strict=True)]
    names += [f"{_FACILITIES[k]} {name}" for k, name in zip(facility, _PERSONS, strict=True)]
    names = [str(name) for name in rng.permutation([n for n in names if n not in TRAM_STATIONS])]
    return names + [f"{side} {name}" for name, side in product(_PLURALS, ("Rue des", "Chemin des", "Impasse des"))]
