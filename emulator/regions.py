"""The regions of the embedded Azure: a part of Azure's public ones, with and without Digital Twins."""

from __future__ import annotations

from dataclasses import dataclass

from emulator.messages import Json


@dataclass(frozen=True)
class Region:
    """One region. `code` is its abbreviation in Digital Twins host names; None: Digital Twins is not offered there."""

    name: str
    display_name: str
    geography: str
    group: str
    latitude: str
    longitude: str
    place: str
    pair: str
    code: str | None = None
    recommended: bool = True


# The abbreviations are those of host names that people publish; the regions are those that the provider lists.
_REGIONS = (
    Region("eastus", "East US", "United States", "US", "37.3719", "-79.8164", "Virginia", "westus", "eus"),
    Region("eastus2", "East US 2", "United States", "US", "36.6681", "-78.3889", "Virginia", "centralus", "eus2"),
    Region(
        "southcentralus",
        "South Central US",
        "United States",
        "US",
        "29.4167",
        "-98.5",
        "Texas",
        "northcentralus",
        "scus",
    ),
    Region("westus2", "West US 2", "United States", "US", "47.233", "-119.852", "Washington", "westcentralus", "wus2"),
    Region("westus3", "West US 3", "United States", "US", "33.448376", "-112.074036", "Phoenix", "eastus", "wus3"),
    Region(
        "australiaeast",
        "Australia East",
        "Australia",
        "Asia Pacific",
        "-33.86",
        "151.2094",
        "New South Wales",
        "australiasoutheast",
        "aue",
    ),
    Region(
        "southeastasia",
        "Southeast Asia",
        "Asia Pacific",
        "Asia Pacific",
        "1.283",
        "103.833",
        "Singapore",
        "eastasia",
        "sea",
    ),
    Region("northeurope", "North Europe", "Europe", "Europe", "53.3478", "-6.2597", "Ireland", "westeurope", "neu"),
    Region("swedencentral", "Sweden Central", "Sweden", "Europe", "60.67488", "17.14127", "Gävle", "swedensouth"),
    Region("uksouth", "UK South", "United Kingdom", "Europe", "50.941", "-0.799", "London", "ukwest", "uks"),
    Region("westeurope", "West Europe", "Europe", "Europe", "52.3667", "4.9", "Netherlands", "northeurope", "weu"),
    Region("centralus", "Central US", "United States", "US", "41.5908", "-93.6208", "Iowa", "eastus2"),
    Region("centralindia", "Central India", "India", "Asia Pacific", "18.5822", "73.9197", "Pune", "southindia"),
    Region("eastasia", "East Asia", "Asia Pacific", "Asia Pacific", "22.267", "114.188", "Hong Kong", "southeastasia"),
    Region("japaneast", "Japan East", "Japan", "Asia Pacific", "35.68", "139.77", "Tokyo, Saitama", "japanwest", "jpe"),
    Region(
        "koreacentral", "Korea Central", "Korea", "Asia Pacific", "37.5665", "126.978", "Seoul", "koreasouth", "krc"
    ),
    Region("canadacentral", "Canada Central", "Canada", "Canada", "43.653", "-79.383", "Toronto", "canadaeast"),
    Region("francecentral", "France Central", "France", "Europe", "46.3772", "2.373", "Paris", "francesouth"),
    Region(
        "germanywestcentral",
        "Germany West Central",
        "Germany",
        "Europe",
        "50.110924",
        "8.682127",
        "Frankfurt",
        "germanynorth",
    ),
    Region(
        "switzerlandnorth",
        "Switzerland North",
        "Switzerland",
        "Europe",
        "47.451542",
        "8.564572",
        "Zurich",
        "switzerlandwest",
    ),
    Region(
        "brazilsouth",
        "Brazil South",
        "Brazil",
        "South America",
        "-23.55",
        "-46.633",
        "Sao Paulo State",
        "southcentralus",
    ),
    Region(
        "northcentralus",
        "North Central US",
        "United States",
        "US",
        "41.8819",
        "-87.6278",
        "Illinois",
        "southcentralus",
        recommended=False,
    ),
    Region("westus", "West US", "United States", "US", "37.783", "-122.417", "California", "eastus", recommended=False),
    Region(
        "westcentralus",
        "West Central US",
        "United States",
        "US",
        "40.89",
        "-110.234",
        "Wyoming",
        "westus2",
        "wcus",
        recommended=False,
    ),
    Region(
        "ukwest", "UK West", "United Kingdom", "Europe", "53.427", "-3.084", "Cardiff", "uksouth", recommended=False
    ),
)

REGIONS = {region.name: region for region in _REGIONS}

LOGICAL = {"global": "Global", "unitedstates": "United States", "europe": "Europe", "asiapacific": "Asia Pacific"}
"""Locations that Azure lists among the regions although nothing can be created there."""


def find(location: str) -> Region | None:
    """Return the region called `location`: its name or its display name, in any case and spacing."""
    return REGIONS.get(location.replace(" ", "").lower())


def with_digital_twins() -> list[Region]:
    """Return the regions that offer Digital Twins."""
    return [region for region in _REGIONS if region.code]


def listed(subscription: str) -> list[Json]:
    """Return the locations of a subscription as Resource Manager lists them: regions, then logical ones."""
    return [_physical(subscription, region) for region in _REGIONS] + [
        {
            "id": f"/subscriptions/{subscription}/locations/{name}",
            "name": name,
            "type": "Region",
            "displayName": display_name,
            "regionalDisplayName": display_name,
            "metadata": {"regionType": "Logical", "regionCategory": "Other"},
        }
        for name, display_name in LOGICAL.items()
    ]


def _physical(subscription: str, region: Region) -> Json:
    prefix = f"/subscriptions/{subscription}/locations"
    return {
        "id": f"{prefix}/{region.name}",
        "name": region.name,
        "type": "Region",
        "displayName": region.display_name,
        "regionalDisplayName": f"({region.group}) {region.display_name}",
        "metadata": {
            "regionType": "Physical",
            "regionCategory": "Recommended" if region.recommended else "Other",
            "geography": region.geography,
            "geographyGroup": region.group,
            "latitude": region.latitude,
            "longitude": region.longitude,
            "physicalLocation": region.place,
            "pairedRegion": [{"name": region.pair, "id": f"{prefix}/{region.pair}"}],
        },
    }
